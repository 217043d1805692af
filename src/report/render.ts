import { renderJson } from './json.ts';
import { renderMarkdown } from './markdown.ts';
import type { Page } from './page.ts';
import { renderText, type TextOptions } from './text.ts';

/** The page in the form that was asked for; "" where there is nothing to say. */
export function render(
  page: Page,
  options: TextOptions & { readonly format: 'text' | 'json' | 'markdown' },
): string {
  switch (options.format) {
    case 'json':
      return renderJson(page);
    case 'markdown':
      return renderMarkdown(page, options);
    case 'text':
      return renderText(page, options);
    default:
      return options.format satisfies never;
  }
}
