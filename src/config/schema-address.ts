/** Where editors find the JSON Schema of this major version: in the npm package, as jsDelivr serves it. */
export const schemaAddress = (version: string): string =>
  `https://cdn.jsdelivr.net/npm/gh-permit-sync@${version.split('.')[0]}/dist/config.schema.json`;
