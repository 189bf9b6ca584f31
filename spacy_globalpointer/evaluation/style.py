"""The page's style sheet: light and dark, wide and narrow, screen and paper."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1c1d22; --soft: #575c68;
  --edge: #d5d8df; --card: #f5f6f8; --main: #0a62a9; --other: #b04a00;
  --pale: #9aa0ac; --hatch: #1c1d22; --right: 10,98,169; --wrong: 213,94,0; }
@media (prefers-color-scheme: dark) { :root { --bg: #15171c; --fg: #e6e8ee;
  --soft: #a9aebb; --edge: #3a3f4a; --card: #1f2229; --main: #66b2f0;
  --other: #ffa45c; --pale: #6d7482; --hatch: #15171c; --right: 80,160,230; --wrong:
  240,130,50; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 4rem; color: var(--fg);
  background: var(--bg); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; -webkit-text-size-adjust: 100%; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .3rem; padding-top: .8rem;
  border-top: 1px solid var(--edge); }
h3 { font-size: 1rem; margin: 1.8rem 0 .3rem; overflow-wrap: anywhere; }
p { margin: .3rem 0 .8rem; max-width: 46rem; overflow-wrap: anywhere; }
.note, figcaption { color: var(--soft); font-size: .9rem; }
nav { font-size: .9rem; margin: 1rem 0 0; }
nav a { color: var(--main); margin-right: 1rem; display: inline-block;
  padding: .15rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr));
  gap: .6rem; margin: 1.2rem 0 .6rem; padding: 0; }
.tiles div { background: var(--card); border: 1px solid var(--edge);
  border-radius: .5rem; padding: .6rem .8rem; }
.tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.5rem; font-weight: 650; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.tiles div:first-child dd { color: var(--main); }
.scroll { overflow-x: auto; margin: .6rem 0 1rem; }
.scroll:focus-visible { outline: 2px solid var(--main); }
table { border-collapse: collapse; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
th, td { padding: .32rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--edge); }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--bg);
  max-width: 14rem; overflow: hidden; text-overflow: ellipsis; }
tbody th { font-weight: 600; }
table.scores { width: 100%; max-width: 56rem; }
table.scores td.wide { width: 34%; min-width: 5rem; }
.scores tbody tr:last-child > * { border-top: 2px solid var(--soft); font-weight: 700; }
table.matrix td { text-align: center; min-width: 3.1rem; }
table.matrix thead th { text-align: center; max-width: 8rem; overflow: hidden;
  text-overflow: ellipsis; }
table.matrix thead th:first-child { text-align: left; }
td.edge, th.edge { border-left: 2px solid var(--soft); }
td.zero { color: var(--soft); }
.bar { display: block; width: 100%; height: .7rem; border-radius: .2rem; }
.rail { fill: var(--card); } .fill { fill: var(--main); }
.charts { display: grid; gap: .8rem 1.6rem; align-items: start;
  grid-template-columns: minmax(0, 9fr) minmax(0, 11fr); }
.small { display: grid; gap: .8rem;
  grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
figure { margin: 0; } figcaption { margin-top: .2rem; overflow-wrap: anywhere; }
.small figcaption { font-size: .82rem; line-height: 1.35; }
.small figcaption b { color: var(--fg); }
.chart { display: block; width: 100%; height: auto; max-width: 34rem; }
.chart path { fill: none; }
.chart .grid { stroke: var(--edge); stroke-width: 1; }
.chart .level { stroke: var(--pale); stroke-width: 1; stroke-dasharray: 2 4; }
.chart .curve { stroke: var(--main); stroke-width: 2.5; stroke-linejoin: round; }
.chart .behind { stroke: var(--pale); stroke-width: 1.5; }
.chart .diagonal { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 5 4; }
.chart .interval { stroke: var(--main); stroke-width: 1.2; opacity: .7; }
.chart .count { fill: var(--pale); opacity: .45; }
.chart .point { fill: var(--other); stroke: var(--bg); stroke-width: 1.5; }
.chart .tick { fill: var(--soft); font-size: 12px; }
.chart .axis { fill: var(--fg); font-size: 13px; }
.chart .hint { fill: var(--soft); font-size: 11px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.6rem; }
.pair > div { min-width: 0; padding: .5rem 0; border-bottom: 1px solid var(--edge); }
.side { color: var(--soft); font-size: .8rem; font-weight: 600; margin: 0; }
.gap { color: var(--soft); font-size: .85rem; margin: .5rem 0; }
.text { line-height: 1.9; overflow-wrap: anywhere; padding-right: 1em; }
main { overflow-x: clip; margin: 0 -.5rem; padding: 0 .5rem; }
.t { display: inline-block; position: relative; white-space: pre-wrap; font-weight: 600;
  line-height: 1.45; max-width: 100%; padding-bottom: calc(var(--d) * .95em + .1em); }
.line { position: absolute; left: -1px; width: calc(100% + 2px); height: 3px;
  background: var(--c); bottom: calc((var(--d) - var(--l)) * .95em - .3em - 3px); }
.line.wrong { height: 6px; margin-bottom: -1.5px; background:
  repeating-linear-gradient(135deg, var(--c) 0 4px, var(--hatch) 4px 6px); }
.tag { position: absolute; z-index: 1; inset-inline-start: 0; top: 50%;
  unicode-bidi: plaintext; transform: translateY(-50%);
  font-style: normal; font-weight: 650; background: var(--c); color: #000;
  font-size: .62em; line-height: 1; padding: .22em .35em; border-radius: .3em;
  white-space: nowrap; border: 1.5px solid var(--c); }
.tag.wrong { border-color: var(--fg); }
.key { display: flex; flex-wrap: wrap; gap: .3rem .9rem; font-size: .85rem; padding: 0;
  margin: .4rem 0 0; list-style: none; align-items: center; }
.key .tag { position: static; transform: none; font-size: .75rem; display:
  inline-block; }
@media screen and (max-width: 44rem) { body { padding: 1rem .8rem 3rem; }
  .pair { grid-template-columns: 1fr; } .pair > div:first-child { border-bottom: 0; }
  table { font-size: .85rem; } th, td { padding: .3rem .4rem; } h1 { font-size: 1.4rem;
  }
  .tiles { grid-template-columns: repeat(3, 1fr); } .tiles dd { font-size: 1.2rem; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  .small { grid-template-columns: 1fr 1fr; } }
@media print { :root { color-scheme: light; --bg: #fff; --fg: #000; --soft: #444;
  --edge: #bbb; --card: #f3f3f3; --main: #0a62a9; --other: #b04a00; --pale: #999;
  --hatch: #000;
  --right: 10,98,169; --wrong: 213,94,0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; }
  .scroll { overflow: visible; } th:first-child { position: static; }
  h2, h3, .note { break-after: avoid; }
  .scroll, figure, .note, .gap, section:not(#documents) { break-inside: avoid; }
  .tiles { grid-template-columns: repeat(6, 1fr); } .tiles dd { font-size: 1.1rem; }
  table { font-size: 8.5pt; } th, td { padding: .2rem .4rem; } }
"""
