# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How all pages look, on the screen and on A4. Text has a contrast of 7:1 at least on its ground, badges 4.5:1."""

from __future__ import annotations

INK, MUTED, LINE = "#1c2530", "#465160", "#c9d1da"
GREEN, RED, AMBER, GREY, BLUE = "#1f6b3f", "#a61b14", "#8a5a00", "#4a5561", "#1f4f82"

STYLE = f"""
@page {{ size: A4; margin: 15mm 14mm 17mm;
  @bottom-right {{ content: counter(page) " / " counter(pages); font-size: 8pt; color: {MUTED}; }} }}
* {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; }}
body {{ font: 10.5pt/1.5 "Noto Sans", "Segoe UI", "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei",
  "PingFang SC", "WenQuanYi Micro Hei", sans-serif; color: {INK}; background: #fff; margin: 0 auto; padding: 1.4em;
  max-width: 64em; -webkit-print-color-adjust: exact; print-color-adjust: exact; }}
html:lang(zh) body {{ font-family: "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC",
  "WenQuanYi Micro Hei", sans-serif; }}
h1 {{ font-size: 19pt; line-height: 1.25; margin: 0; text-wrap: balance; }}
h2 {{ font-size: 13.5pt; margin: 0 0 .5em; padding-bottom: .2em; border-bottom: 1.5px solid {INK}; }}
h3 {{ font-size: 11pt; margin: 1em 0 .3em; }}
h1, h2, h3, caption {{ break-after: avoid; }}
p {{ margin: 0 0 .4em; }} ul, ol {{ margin: .2em 0 .6em; padding-left: 1.4em; }} ol {{ padding-left: 2.1em; }}
a {{ color: {BLUE}; }}
section {{ margin-top: 1.9em; }} section section {{ margin-top: 1em; }}
header {{ margin-bottom: 1em; }}
.made, .muted, figcaption, small {{ color: {MUTED}; font-size: 9pt; }}
small {{ display: block; overflow-wrap: anywhere; font-weight: 400; }} table.keep {{ break-inside: avoid; }}
code {{ font: .92em/1.4 "Noto Sans Mono", "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere; }}
.banner {{ background: {AMBER}; color: #fff; font-weight: 700; font-size: 12pt; text-align: center; padding: .35em;
  margin: 0 0 1em; letter-spacing: .06em; }}
.contents ol {{ columns: 2; }}
.callout {{ border-left: 5px solid {GREY}; background: #f2f5f8; padding: .6em .9em; margin: 0 0 1em;
  break-inside: avoid; }}
.callout p {{ margin: .15em 0; }} .callout p:first-child {{ font-weight: 700; font-size: 11.5pt; }}
.callout.good {{ border-color: {GREEN}; }} .callout.bad {{ border-color: {RED}; background: #fbf0ef; }}
.callout.warn {{ border-color: {AMBER}; background: #fdf6e8; }}
.badge {{ color: #fff; background: {GREY}; border-radius: 3px; padding: .05em .5em; font-size: 9pt; font-weight: 600;
  white-space: nowrap; }}
.badge.good {{ background: {GREEN}; }} .badge.bad {{ background: {RED}; }} .badge.warn {{ background: {AMBER}; }}
.badge.plain {{ background: #fff; color: {INK}; box-shadow: inset 0 0 0 1px {GREY}; }}
.tiles {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(11em, 1fr)); gap: .7em; margin: 0 0 1.1em; }}
@media print, (min-width: 44em) {{ .tiles.by3 {{ grid-template-columns: repeat(3, 1fr); }}
  .tiles.by4 {{ grid-template-columns: repeat(4, 1fr); }} }}
.tile {{ border: 1px solid {LINE}; border-top: 4px solid {GREY}; padding: .5em .7em; break-inside: avoid; }}
.tile.good {{ border-top-color: {GREEN}; }} .tile.bad {{ border-top-color: {RED}; }}
.tile.warn {{ border-top-color: {AMBER}; }}
.tile dt {{ color: {MUTED}; font-size: 9pt; }} .tile dd {{ margin: 0; }}
.tile .figure {{ font-size: 15pt; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }}
.tile .against {{ color: {MUTED}; font-size: 9pt; }}
.facts {{ display: grid; grid-template-columns: minmax(8em, max-content) minmax(0, 1fr); gap: .2em 1.2em;
  margin: .3em 0 .8em; }}
.facts dt {{ color: {MUTED}; }} .facts dd {{ margin: 0; overflow-wrap: anywhere; }} .facts dd p {{ margin: 0 0 .15em; }}
table {{ border-collapse: collapse; width: 100%; margin: .3em 0 1em; }}
caption {{ text-align: left; font-weight: 600; padding: 0 0 .25em; }}
thead {{ display: table-header-group; }}
thead th {{ font-size: 9pt; color: {MUTED}; border-bottom: 1.5px solid {INK}; }}
th, td {{ text-align: left; font-weight: 400; padding: .32em .8em .32em 0; vertical-align: top;
  overflow-wrap: anywhere; }}
thead th, tbody th {{ font-weight: 600; }} thead th {{ overflow-wrap: normal; }}
tbody th, tbody td {{ border-bottom: 1px solid {LINE}; }} tr {{ break-inside: avoid; }}
.short {{ white-space: nowrap; overflow-wrap: normal; }} .number {{ text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }}
.wide {{ width: 40%; }} .narrow {{ width: 17%; }}
figure svg {{ width: 100%; }}
figure {{ margin: .4em 0 1.2em; break-inside: avoid; }}
svg {{ display: block; max-width: 100%; height: auto; }}
svg text {{ font-family: inherit; fill: {INK}; }}
.field {{ break-inside: avoid; }} .rule {{ border-bottom: 1px solid {GREY}; height: 2.1em; }}
.written {{ border-left: 3px solid {LINE}; padding-left: .8em; white-space: pre-line; }}
.columns {{ display: grid; grid-template-columns: 1fr 1fr; gap: 0 2em; }}
@media (max-width: 44em) {{ .columns {{ grid-template-columns: 1fr; }} .contents ol {{ columns: 1; }}
  table {{ display: block; overflow-x: auto; }} .short {{ white-space: normal; }} }}
@media print {{ body {{ max-width: none; padding: 0; font-size: 9.5pt; }} a {{ color: inherit; }}
  .contents {{ display: none; }} }}
"""
