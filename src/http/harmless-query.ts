/** What tells two requests for one path apart, and can hold nothing secret. */
const HARMLESS = ['role', 'page', 'per_page'] as const;

/** @returns `?role=admin&per_page=100` of an address, nothing else of its query; "" where there is none of it. */
export function harmlessQuery(url: string | undefined): string {
  if (url === undefined || !URL.canParse(url)) return '';
  const query = new URL(url).searchParams;
  const told = HARMLESS.flatMap((name) => {
    const value = query.get(name) ?? '';
    return /^\w{1,40}$/.test(value) ? [`${name}=${value}`] : [];
  });
  return told.length === 0 ? '' : `?${told.join('&')}`;
}
