/** The style of the review page, on screen and on paper. It loads nothing. */
export const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 2rem auto; padding: 0 1.5rem; max-width: 100rem; color: #1f2328; background: #fff;
  font: 14px/1.45 system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; }
h1 { margin: 0 0 .25rem; font-size: 1.7rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; break-after: avoid; }
p { margin: .25rem 0 .75rem; max-width: 75em; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .92em; }
code, td, dd { overflow-wrap: anywhere; unicode-bidi: isolate; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 1rem 0; }
dt { color: #59636e; }
dd { margin: 0; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .3rem .5rem; border: 1px solid #d1d9e0; text-align: left; vertical-align: top; }
th { background: #f6f8fa; font-weight: 600; }
.access { table-layout: fixed; }
.access th:nth-child(1) { width: 16%; }
.access th:nth-child(2) { width: 12%; }
.access th:nth-child(3) { width: 14%; }
.access th:nth-child(4) { width: 10%; }
.access th:nth-child(5) { width: 19%; }
.access th:nth-child(6) { width: 9%; }
.access th:nth-child(7) { width: 8%; }
.admin td { background: #fff8e6; }
.tag { display: inline-block; padding: 0 .4em; border: 1px solid #9a6700; border-radius: .8em; color: #7d4e00;
  font-size: .85em; font-weight: 600; }
.alert { color: #a40e26; font-weight: 600; overflow-wrap: normal; }
.when { white-space: nowrap; }
.faint { color: #59636e; }
.box { display: inline-block; width: .8em; height: .8em; margin-right: .35em; border: 1px solid #1f2328; }
.sign td { height: 2.6rem; }
@media screen {
  .access { min-width: 66rem; }
  .access thead th { position: sticky; top: 0; }
}
@media print {
  @page { size: A4 landscape; margin: 12mm; }
  body { margin: 0; padding: 0; max-width: none; font-size: 9pt; }
  h1 { font-size: 16pt; }
  h2 { font-size: 12pt; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  th, .admin td { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
