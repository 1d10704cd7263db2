/** The look of the page, in the colours that its reader prefers. No address in it, so that nothing is loaded. */
export const STYLE = `
:root{color-scheme:light dark;--page:#fbfbfc;--card:#fff;--ink:#1b2430;--soft:#55606e;--line:#dfe3e8;--code:#f1f3f6;--link:#0b57b8;--key:#7a2e8f;--text:#1c6a3a;--value:#9a4a00;--get:#0b57b8;--post:#1c6a3a;--put:#6a2fa0;--patch:#8a4b00;--delete:#b3261e;--focus:#0b57b8}
@media (prefers-color-scheme:dark){:root{--page:#11161d;--card:#171d26;--ink:#e4e9f0;--soft:#a3afbe;--line:#2c3542;--code:#1e2631;--link:#82b4ff;--key:#d7a6ee;--text:#8fd6a8;--value:#f2b77c;--get:#82b4ff;--post:#8fd6a8;--put:#cda9f5;--patch:#f2b77c;--delete:#ff9d94;--focus:#82b4ff}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-100vw;top:0;padding:.5rem 1rem;background:var(--card)}
.skip:focus{left:0;z-index:1}
header{padding:2.5rem clamp(1rem,4vw,3rem) 1.75rem;border-bottom:1px solid var(--line);background:var(--card)}
header p{margin:.25rem 0 0;max-width:44rem}
.links{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;color:var(--soft);font-size:.9375rem}
h1{margin:0;font-size:clamp(1.6rem,5vw,2.2rem);line-height:1.2;letter-spacing:-.02em}
h1 small{color:var(--soft);font-size:.5em;font-weight:500;letter-spacing:0;white-space:nowrap}
h2{margin:3.5rem 0 1rem;padding-bottom:.4rem;border-bottom:1px solid var(--line);font-size:1.6rem;line-height:1.25;letter-spacing:-.015em}
main>section:first-child>h2{margin-top:0}
h3{margin:2.25rem 0 .5rem;font-size:1.2rem;line-height:1.35;letter-spacing:-.01em}
h4{margin:1.75rem 0 .5rem;color:var(--soft);font-size:.8125rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase}
p,ul,ol,dl{margin:.6rem 0}
main p,main li{max-width:44rem}
ul,ol{padding-left:1.4rem}
li{margin:.2rem 0}
code,pre{font-family:ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:.875em}
code{padding:.1em .3em;border-radius:4px;background:var(--code);overflow-wrap:anywhere}
a code{color:inherit}
pre{margin:0;padding:.85rem 1rem;overflow-x:auto;border:1px solid var(--line);border-radius:8px;background:var(--code);line-height:1.55;tab-size:2}
.columns{display:grid;grid-template-columns:minmax(0,1fr);gap:2rem;max-width:82rem;margin:0 auto;padding:2rem clamp(1rem,4vw,3rem) 5rem}
nav{font-size:.9375rem}
nav ul{list-style:none;margin:0;padding:0}
nav li ul{display:none}
nav>ul>li>a{font-weight:600}
nav a{display:flex;gap:.35rem;align-items:baseline;padding:.2rem 0;color:var(--ink);text-decoration:none}
nav a:hover{color:var(--link);text-decoration:underline}
.call,.schema{margin:1.5rem 0;padding:1.25rem clamp(1rem,3vw,1.75rem) 1.5rem;border:1px solid var(--line);border-radius:12px;background:var(--card)}
.call>h3,.schema>h3{margin-top:0}
:target{scroll-margin-top:1rem}
.call:target{border-color:var(--link)}
.line{display:flex;flex-wrap:wrap;align-items:baseline;gap:.4rem .6rem}
.line code{padding:.15em .45em;font-size:.9375em}
.method{display:inline-block;padding:.1em .5em;border:1px solid currentColor;border-radius:5px;font:600 .75rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;letter-spacing:.03em}
.get,.head{color:var(--get)}.post{color:var(--post)}.put{color:var(--put)}.patch{color:var(--patch)}.delete{color:var(--delete)}
table{width:100%;margin:.5rem 0;border-collapse:collapse;font-size:.9375rem}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:.6rem .9rem .6rem 0;border-top:1px solid var(--line);text-align:left;vertical-align:top}
thead th{border-top:0;padding-bottom:.3rem;color:var(--soft);font-size:.8125rem;font-weight:500}
tbody th{width:30%;font-weight:400}
tbody th code{padding:0;background:none;font-weight:600}
th small{display:block;color:var(--soft);font-size:.8125rem}
.type{width:20%;color:var(--soft);font-size:.875rem}
td p,td ul,dd p{margin:0 0 .35rem}
td ul{padding-left:1.1rem}
.limits{color:var(--soft);font-size:.875rem}
figure{margin:.5rem 0}
figcaption{color:var(--soft);font-size:.8125rem;margin-bottom:.2rem}
.key{color:var(--key)}.text{color:var(--text)}.value{color:var(--value)}
details{margin:.35rem 0}
summary{width:fit-content;color:var(--link);font-size:.9375rem;cursor:pointer}
details pre{margin-top:.35rem}
.answers dt{margin-top:1rem}
.answers dd{margin:.25rem 0 0;padding-left:1rem;border-left:2px solid var(--line)}
.status{font-weight:600}
.s2{color:var(--post)}.s4{color:var(--patch)}.s5{color:var(--delete)}
@media (max-width:40rem){table,tbody,tr,th,td,thead{display:block}thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}tbody tr{padding:.7rem 0;border-top:1px solid var(--line)}tbody th,tbody td,tbody .type{width:auto;padding:.1rem 0;border:0}th small{display:inline}}
@media (min-width:64rem){.columns{grid-template-columns:17rem minmax(0,1fr);gap:3.5rem}nav{position:sticky;top:1.5rem;max-height:calc(100vh - 3rem);overflow-y:auto;padding-right:.5rem}nav li ul{display:block;margin:.1rem 0 .9rem}nav li li a{color:var(--soft);font-size:.875rem;line-height:1.4}nav .method{flex:none;width:3.4rem;padding:0;border:0;font-size:.6875rem}}
@media print{nav,.skip{display:none}.call,.schema{break-inside:auto;border:0;padding:0}}
`;
