/** What the `Link` header of one page says about the others. */
export type PageLinks = {
  /** Whether it names any other page. GitHub may also announce a deprecation in this header. */
  readonly isPaged: boolean;
  readonly hasNext: boolean;
  /** 1 where no last page is named. */
  readonly lastPage: number;
  /** Of a list that is paged by cursors; undefined on its last page, and of every other list. */
  readonly nextCursor: string | undefined;
};

/** @param link the header; empty where there is none. */
export function pageLinksOf(link: string): PageLinks {
  const next = targetOf(link, 'next');
  const page = Number(targetOf(link, 'last')?.searchParams.get('page') ?? 1);
  return {
    isPaged: /;\s*rel="(?:first|prev|next|last)"/.test(link),
    hasNext: /;\s*rel="next"/.test(link),
    lastPage: Number.isSafeInteger(page) && page > 0 ? page : 1,
    nextCursor: next?.searchParams.get('cursor') || undefined,
  };
}

function targetOf(link: string, relation: 'next' | 'last'): URL | undefined {
  const target = new RegExp(`<([^>]*)>;\\s*rel="${relation}"`).exec(link)?.[1];
  return target && URL.canParse(target) ? new URL(target) : undefined;
}
