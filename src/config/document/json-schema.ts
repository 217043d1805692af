import * as z from 'zod/mini';
import { schemaAddress } from '../file.ts';
import type { SettingNote } from './noted-schema.ts';
import { configSchema } from './schema.ts';

/** A JSON Schema, as far as our code reads one. */
export type JsonSchema = Omit<SettingNote, 'description'> & {
  readonly description?: string;
  readonly properties?: { readonly [key: string]: JsonSchema };
  readonly items?: JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly [keyword: string]: unknown;
};

/**
 * The JSON Schema of the config file, for editors, generated from the schema that the program checks with. It can
 * accept more than the program, which also checks values against each other, but never less.
 * @param version of the package.
 */
export function configJsonSchema(version: string): JsonSchema {
  const { $schema, ...rest } = describedSchema(({ jsonSchema }) => {
    delete jsonSchema.variable;
    delete jsonSchema.flag;
  });
  return {
    $schema,
    $id: schemaAddress(version),
    title: 'Config file of gh-permit-sync',
    description: 'Who on GitHub gets which roles in Permit.io, and what a run may do.',
    ...rest,
  };
}

type Override = NonNullable<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override']>;

/** The schema with all notes of its settings, variables and flags included. */
export const describedSchema = (override: Override = () => {}): JsonSchema =>
  z.toJSONSchema(configSchema, {
    // yaml-language-server supports nothing newer in full.
    target: 'draft-7',
    io: 'input',
    reused: 'inline',
    override,
  }) as JsonSchema;
