/// The style of every page: one column, two schemes, print.
enum PageStyle {
  static let text: StaticString = """
    :root{color-scheme:light dark;--paper:#fff;--wash:#f4f6f8;--ink:#1a1f26;--soft:#56606b;\
    --rule:#d5dbe1;--strong:#8a96a3;--link:#1a5796;--one:#1a5796;--two:#a8480b;--three:#5b6470;\
    --good:#1a6636;--bad:#ab1f1f;--doubt:#7d4e00;--good-wash:#e9f4ec;--bad-wash:#fbebea;\
    --doubt-wash:#fbf2e0;--h0:#f1f5f9;--h1:#dbe7f2;--h2:#bdd5ea;--h3:#96bde0;--h4:#6b9fd1;\
    --h5:#2f6fae;--h6:#20588f;--h7:#154272;--h8:#0b2c52;--on-low:#1a1f26;--on-high:#fff}
    @media screen and (prefers-color-scheme:dark){:root{--paper:#14181d;--wash:#1d232a;\
    --ink:#e7eaee;--soft:#a3adb8;--rule:#343d47;--strong:#6d7884;--link:#8fc0f2;--one:#8fc0f2;\
    --two:#f2a76b;--three:#b3bcc6;--good:#7fce9b;--bad:#ff9b92;--doubt:#e8bd62;\
    --good-wash:#16291d;--bad-wash:#351c1b;--doubt-wash:#2e2614;--h0:#1c242d;--h1:#1f3043;\
    --h2:#233f5c;--h3:#285078;--h4:#2c6192;--h5:#6fa5d8;--h6:#94bfe6;--h7:#b9d7f1;--h8:#e0effb;\
    --on-low:#eef2f6;--on-high:#0c1116}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1rem}
    body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,\
    "Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
    a{color:var(--link);text-underline-offset:.15em}
    a:focus-visible,button:focus-visible,input:focus-visible,summary:focus-visible,\
    [tabindex]:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
    main:focus{outline:none}
    .skip{position:absolute;left:-99rem;background:var(--paper);padding:.5rem 1rem;z-index:3}
    .skip:focus{left:.5rem;top:.5rem}
    header,main,footer{max-width:72rem;margin:0 auto;padding:0 clamp(1rem,4vw,2.5rem)}
    header{padding-top:1.5rem;color:var(--soft);font-size:.875rem}
    h1{font-size:clamp(1.65rem,1.2rem + 2vw,2.4rem);line-height:1.15;letter-spacing:-.015em;\
    font-weight:600;margin:.35rem 0 .6rem;text-wrap:balance}
    h2{font-size:1.3rem;line-height:1.25;margin:0 0 .4rem;font-weight:600}
    h1,h2,nav a{overflow-wrap:anywhere}
    p{margin:.4rem 0;max-width:46rem;overflow-wrap:anywhere}
    section{margin-top:2.5rem;padding-top:1.5rem;border-top:1px solid var(--rule)}
    .lead{font-size:1.125rem;line-height:1.5}
    .soft,small{color:var(--soft)}
    small{font-size:.875rem}
    .name,code{font-family:ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,monospace;\
    font-size:.92em;overflow-wrap:anywhere;font-variant-ligatures:none}
    .mark{white-space:nowrap;font-weight:600}
    .mark svg{width:.95em;height:.95em;margin-right:.35em;vertical-align:-.09em}
    .good{color:var(--good)}.bad{color:var(--bad)}.doubt{color:var(--doubt)}.plain{color:var(--soft)}
    h1.mark{white-space:normal}
    h1.plain{color:var(--ink)}
    h1.mark svg{width:.8em;height:.8em;vertical-align:-.04em}
    ul.notes{list-style:none;margin:1rem 0;padding:0;max-width:46rem}
    .notes li{padding:.6rem .9rem;margin:.5rem 0;border-left:4px solid var(--strong);\
    background:var(--wash);overflow-wrap:anywhere}
    .notes li.good{border-color:var(--good);background:var(--good-wash);color:var(--ink)}
    .notes li.bad{border-color:var(--bad);background:var(--bad-wash);color:var(--ink)}
    .notes li.doubt{border-color:var(--doubt);background:var(--doubt-wash);color:var(--ink)}
    dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));\
    gap:.9rem 2rem;margin:1.5rem 0 0}
    .facts dt{color:var(--soft);font-size:.8125rem}
    .facts dd{margin:0;overflow-wrap:anywhere}
    .facts .big{font-size:1.35rem;font-weight:600;line-height:1.3}
    nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;padding:0;\
    margin:1.75rem 0 0;font-size:.9375rem}
    .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));\
    gap:1.5rem 2.5rem;margin:1.2rem 0;align-items:start}
    .charts.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:1.2rem 1.5rem}
    .charts.small svg{min-width:0;max-width:24rem}
    ul.tree{list-style:none;margin:.2rem 0;padding:0;max-width:60rem}
    .tree .tree{padding:0 0 0 1rem;border-left:1px solid var(--rule)}.tree li{margin:.25rem 0;overflow-wrap:anywhere}
    figure{margin:0;min-width:0}
    figcaption{font-weight:600;font-size:.9375rem;margin-bottom:.3rem}
    figcaption .soft{display:block;font-weight:400;font-size:.875rem}
    .chart{overflow-x:auto}
    .chart svg{display:block;width:100%;height:auto;max-width:34rem;min-width:20.5rem}
    .chart svg.wide{max-width:none}
    svg text{font-family:inherit;font-size:12px;fill:var(--soft)}
    svg .strong{fill:var(--ink)}svg .end{text-anchor:end}svg .mid{text-anchor:middle}
    svg .code{font-family:ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,monospace;\
    font-size:11px;fill:var(--ink)}
    .grid{stroke:var(--rule);stroke-width:1;fill:none}
    .axis{stroke:var(--strong);stroke-width:1;fill:none}
    .limit{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:5 3;fill:none}
    .limit-text{fill:var(--bad)}
    .s1,.s2,.s3{fill:none;stroke-width:2;stroke-linejoin:round}
    .s1{stroke:var(--one)}.s2{stroke:var(--two)}.s3{stroke:var(--three)}
    .s2{stroke-dasharray:7 3}.s3{stroke-dasharray:2 3}
    .d1{fill:var(--one);stroke:var(--one)}.d2{fill:var(--paper);stroke:var(--two);stroke-width:2}
    .d3{fill:var(--three);stroke:var(--three)}
    .d1.out,.d2.out{stroke:var(--bad);fill:var(--bad)}
    svg .t1{fill:var(--one)}svg .t2{fill:var(--two)}svg .t3{fill:var(--three)}
    .bar{fill:var(--one)}.bar.faint{fill:var(--h2)}.bar.pale{fill:var(--strong)}.hollow{fill:none;stroke:var(--strong)}
    .h0{fill:var(--h0)}.h1{fill:var(--h1)}.h2{fill:var(--h2)}.h3{fill:var(--h3)}.h4{fill:var(--h4)}\
    .h5{fill:var(--h5)}.h6{fill:var(--h6)}.h7{fill:var(--h7)}.h8{fill:var(--h8)}
    .table{overflow-x:auto;margin:.8rem 0;max-width:100%}
    table{border-collapse:collapse;font-size:.9375rem;line-height:1.4;min-width:min(100%,22rem)}
    caption{text-align:left;color:var(--soft);font-size:.875rem;padding-bottom:.4rem}
    th,td{padding:.38rem .75rem;text-align:left;vertical-align:top;\
    border-bottom:1px solid var(--rule)}
    th:first-child,td:first-child{padding-left:0}
    thead th{color:var(--soft);font-weight:600;font-size:.8125rem;vertical-align:bottom;\
    border-bottom:1px solid var(--strong)}
    tbody th{font-weight:400;max-width:26rem}tbody th:not(.num){min-width:9rem}
    caption span{display:block;position:sticky;left:0;max-width:min(46rem,calc(100vw - 2.5rem))}
    .name.short,.whole{white-space:nowrap}
    td.words{min-width:14rem;max-width:36rem;overflow-wrap:anywhere}
    .num{text-align:right;white-space:nowrap}
    thead button{font:inherit;color:inherit;background:none;border:0;padding:.15rem 0;margin:0;\
    cursor:pointer;text-align:inherit;text-decoration:underline dotted;text-underline-offset:.2em}
    thead button::after{content:"\\2009\\2195";opacity:.65}
    [aria-sort=ascending] button::after{content:"\\2009\\2191";opacity:1}
    [aria-sort=descending] button::after{content:"\\2009\\2193";opacity:1}
    tbody tr:hover{background:var(--wash)}
    .filter{display:flex;flex-wrap:wrap;gap:.4rem .8rem;align-items:center;font-size:.9375rem}
    .filter[hidden]{display:none}
    .filter input{font:inherit;color:inherit;background:var(--paper);min-width:12rem;\
    border:1px solid var(--strong);border-radius:4px;padding:.3rem .6rem}
    table.matrix th,table.matrix td{padding:.4rem .55rem;border:2px solid var(--paper);\
    text-align:right}
    table.matrix tbody th,table.matrix thead th:first-child{text-align:left;padding-left:0;\
    min-width:0}table.matrix td{min-width:4.5rem}
    table.matrix tbody tr:hover{background:none}
    table.matrix thead th{white-space:nowrap}
    td.h0,td.h1,td.h2,td.h3,td.h4{color:var(--on-low)}
    td.h5,td.h6,td.h7,td.h8{color:var(--on-high)}
    td.h0{background:var(--h0)}td.h1{background:var(--h1)}td.h2{background:var(--h2)}\
    td.h3{background:var(--h3)}td.h4{background:var(--h4)}td.h5{background:var(--h5)}\
    td.h6{background:var(--h6)}td.h7{background:var(--h7)}td.h8{background:var(--h8)}
    td.own{font-weight:700;outline:1px solid var(--strong);outline-offset:-2px}
    details{margin:.6rem 0}
    summary{cursor:pointer;color:var(--link);font-size:.9375rem;padding:.2rem 0}
    footer{margin-top:3.5rem;padding-top:1rem;padding-bottom:2.5rem;color:var(--soft);\
    font-size:.875rem}
    @media (max-width:40rem){th,td{padding:.38rem .55rem}tbody th{max-width:12rem}tbody th:not(.num){min-width:7rem}td.words{min-width:10rem}\
    .sticky tbody th,.sticky thead th:first-child{position:sticky;left:0;background:var(--paper);\
    z-index:1}section{margin-top:2rem}\
    dl.facts{grid-template-columns:1fr 1fr;gap:.8rem 1.2rem}\
    .facts div:last-child:nth-child(odd){grid-column:1/-1}svg text{font-size:14px}svg .code{font-size:12px}\
    .stacked table,.stacked caption,.stacked thead,.stacked tbody{display:block}\
    .stacked tr{display:grid;grid-template-columns:1fr auto;column-gap:.75rem}\
    .stacked thead tr{display:flex;gap:1rem;border-bottom:1px solid var(--strong)}\
    .stacked th,.stacked td{border:0;padding:.1rem 0}.stacked thead th{padding:.3rem 0}\
    .stacked tbody tr{border-bottom:1px solid var(--rule);padding:.5rem 0}\
    .stacked tbody th{font-weight:600;max-width:none;min-width:0}\
    .stacked td.words{grid-column:1/-1;min-width:0;max-width:none}.stacked td:empty{display:none}}
    @media print{:root{color-scheme:light}body{font-size:10pt}header,main,footer{max-width:none;\
    padding:0}nav,.skip,.filter{display:none}section{break-inside:auto;margin-top:1.4rem;\
    padding-top:.8rem}figure,tr,.notes li{break-inside:avoid}h2,figcaption{break-after:avoid}\
    thead{display:table-header-group}.charts{grid-template-columns:1fr 1fr;gap:1rem 1.5rem}\
    .table,.chart{overflow:visible}.chart svg{min-width:0}\
    table{font-size:8.5pt}th,td{padding:.2rem .4rem}a{color:inherit;text-decoration:none}\
    thead button{text-decoration:none}thead button::after{content:none}\
    *{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
    """
}
