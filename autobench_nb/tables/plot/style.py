"""How the picture looks: the host's colours where there is a host, light and dark, and the width of its cell."""

from __future__ import annotations

from typing import Final

STYLE: Final = (
    "<style>"
    # Colours: text and lines are JupyterLab's own where it is the host; the rest keeps its contrast in both themes.
    ".ab-plot{color-scheme:light dark;container-type:inline-size;max-width:1100px;overflow-x:auto;"
    "--line:light-dark(#e3e7ed,#2b333d);--text:light-dark(#1c2330,#e6e9ee);"
    "--muted:light-dark(#4f5969,#aab3c0);--bar:light-dark(#d3d9e2,#3c4653);--dot:light-dark(#3d4a5c,#b4bfcd);"
    "--out:light-dark(#b86e00,#f2b450);--bad:light-dark(#b9222a,#ff8383);--ok:light-dark(#17763f,#58c98a);"
    "color:var(--text);font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif)}"
    'body[data-jp-theme-light="true"] .ab-plot,body.light .ab-plot,body.vscode-light .ab-plot{color-scheme:light}'
    'body[data-jp-theme-light="false"] .ab-plot,body.dark .ab-plot,body.vscode-dark .ab-plot{color-scheme:dark}'
    # Three classes deep, since JupyterLab has rules of its own for the tables of an output.
    ".ab-plot.ab-plot.ab-plot{"
    "& table{border-collapse:collapse;table-layout:auto;width:100%;margin:0;font-size:13px;color:inherit;border:0}"
    "& caption{caption-side:top;text-align:left;padding:2px 8px 6px;font-weight:600;color:inherit}"
    "& tr,& tbody tr:nth-child(odd),& tbody tr:nth-child(even),& tbody tr:hover{background:none}"
    "& th,& td{padding:1px 8px;vertical-align:top;text-align:left;font-weight:400;border:0;white-space:normal;"
    "line-height:20px;color:inherit}"
    "& thead th{color:var(--muted);font-size:11px;border-bottom:1px solid var(--line);vertical-align:top}"
    "& thead th:nth-child(n+3),& td.ratio,& td.mean,& td.count,& td.beside{text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}"
    # As wide as the longest name, up to a third of all; one that wraps stays to the right of its glyph.
    "& tbody th div{width:max-content;max-width:22cqw;overflow-wrap:anywhere;padding-left:19px;text-indent:-19px}"
    "& tbody th b{display:inline-block;width:19px;text-indent:0;font-weight:400;color:var(--muted)}"
    "& b.succeeded{color:var(--ok)}& b.failed,& b.timeout{color:var(--bad)}"
    "& td.ratio.best{color:var(--ok);font-weight:600}"
    "& td.count small,& td.count{color:var(--muted)}& small{font-size:11px}"
    "& .ticks{position:relative;height:16px}"
    "& .ticks i{position:absolute;font-style:normal;white-space:nowrap;font-variant-numeric:tabular-nums}"
    "& .ticks .m{transform:translateX(-50%)}& .ticks .r{transform:translateX(-100%)}"
    # The strip has no space at its sides, so that its places are those of the ticks.
    "& thead th:nth-child(2),& td.strip{width:100%;min-width:160px;padding-left:0;padding-right:0}"
    "& td.strip svg{display:block;width:100%;height:20px;overflow:visible}"
    "& path{fill:none;vector-effect:non-scaling-stroke}"
    "& .grid{stroke:var(--line);stroke-width:1px}"
    "& .bar{stroke:var(--bar);stroke-width:7px}& .range{stroke:var(--bar);stroke-width:2px}"
    "& .middle{stroke:var(--text);stroke-width:2px}"
    "& .dots{stroke:var(--dot);stroke-width:5px;stroke-linecap:round;stroke-opacity:.75}"
    "& .dots.out{stroke:var(--out);stroke-opacity:1}& span.out{color:var(--out)}"
    "& .why{color:var(--muted);overflow-wrap:anywhere;white-space:pre-wrap}& tr.bad .why{color:var(--bad)}"
    "& .legend{margin:4px 8px 0;color:var(--muted);font-size:11px}& .legend span:empty{margin-right:14px}"
    "}"
    # Narrow: a job is two lines, name and mean above strip and ratio; the axis is as long as the strips are.
    "@container (max-width:640px){.ab-plot.ab-plot.ab-plot{"
    "& caption{padding-left:0}& .legend{margin-left:0}& thead tr{display:block}& thead th{display:none}"
    "& thead th:nth-child(2){display:block;width:auto;padding-right:60px}"
    "& tbody tr{display:grid;grid-template-columns:minmax(0,1fr) 66px 60px;margin-bottom:4px}"
    "& tbody th{padding-left:0;grid-column:1}& tbody th div{width:auto;max-width:none}"
    "& td.mean{grid-row:1;grid-column:2/4}"
    "& td.strip{grid-row:2;grid-column:1/3;width:auto}& td.ratio{grid-row:2;grid-column:3;padding:0}"
    "& td.strip[colspan]{grid-column:1/4}& thead th:nth-child(2),& td.strip{min-width:0}& td.beside:empty{display:none}"
    "& td.count{grid-row:3;grid-column:1/-1;padding:0;text-align:left}& td.count:not(.part){display:none}"
    "& td.mean{padding:0}& td.beside{grid-column:1/-1;text-align:left;padding:0}"
    '& td.beside::before{content:attr(data-title) " ";color:var(--muted)}'
    "& .ticks i:nth-child(even):not(:last-child){display:none}"
    "}}"
    "</style>"
)
"""One ``style`` element, for each picture its own: it is the whole of what the picture needs."""
