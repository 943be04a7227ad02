# What the programs of sources may use. Loaded before each of them.

# The value as text; null if it is absent (a list, an object, nothing).
def text: if . then (if type == "string" then (if . == "" then null else . end) elif type == "number" or . == true then tostring else null end) elif . == false then "false" else null end;
# The first of several that is not absent: first_of(.a, .b).
def first_of(f): [f] - [null, ""] | if .[0] | type == "string" then .[0] else map(text | select(. != null)) | .[0] end;
# The body must be an object, or it is refused.
def object: if type == "object" then . else error("the body is not an object") end;
# The same object with its keys in lower case; of two that become one, the last counts.
def lower_keys: . as $body | reduce keys_unsorted[] as $name ({}; . + {($name | ascii_downcase): $body[$name]});
# Is it a word of the list (in lower case), in any case? jq 1.6 takes a microsecond to lower a letter, so that is tried last.
def word_in(list): (text // "") as $w | list | index($w) != null or index($w | ascii_downcase) != null;
# What a table of words (in lower case) says of a word in any case; null: it is not there.
def by_word(table): (text // "") as $w | table | .[$w] // .[$w | ascii_downcase];
# A CI word: success is resolved and info, failure firing and error, anything else info.
def ci(success; failure): if success then {status: "resolved", severity: "info"} elif failure then {status: "firing", severity: "error"} else {status: "info", severity: "info"} end;
# A nested part that should be an object: itself, or an empty one if it is something else.
def dict: if type == "object" then . else {} end;
# The first that f finds, null where something on its way is of another type: maybe(.a.b). The brackets matter: in jq 1.6 a bare `?`
# also swallows what goes wrong later in the pipe, error("...") and the end of first() among it.
def maybe(f): [f?][0];
# The named member must be of the type, or the body is refused: required("issue"; "object").
def required(name; kind): if (.[name] | type) == kind then . else error("no \(name) in the body: \(if kind == "string" then "a text" else "an " + kind end) is wanted") end;
# Those that are not absent as one text, null if all are: joined(": "; .key, .summary).
def joined($sep; parts): reduce (parts | text // empty) as $part (null; if . then . + $sep + $part else $part end);
# The severity of a state of Nagios and its family; null for OK, UP and other words.
def nagios_severity: {CRITICAL: "critical", DOWN: "critical", UNREACHABLE: "error", WARNING: "warning", UNKNOWN: "warning"}[text // ""];
# A text that holds JSON as what it holds, null if it cannot be read. What is no text stays.
def unpacked: if type == "string" then [fromjson?][0] else . end;
# The value behind a text, null if there is none: .number | after("#").
def after($before): text | if . then $before + . else null end;
