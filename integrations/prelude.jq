# What the programs of sources may use. Loaded before each of them.

# The value as text; null if it is absent (a list, an object, nothing).
def text: if type == "string" then (if . == "" then null else . end) elif type == "number" or type == "boolean" then tostring else null end;
# The first of several that is not absent: first_of(.a, .b).
def first_of(f): first((f | text | select(. != null)), null);
# The body must be an object, or it is refused.
def object: if type == "object" then . else error("the body is not an object") end;
# The same object with its keys in lower case; of two that become one, the last counts.
def lower_keys: with_entries(.key |= ascii_downcase);
# Is it a word of the list, in any case?
def word_in(list): (text // "") | ascii_downcase as $w | any(list[]; . == $w);
# A CI word: success is resolved and info, failure firing and error, anything else info.
def ci(success; failure): if success then {status: "resolved", severity: "info"} elif failure then {status: "firing", severity: "error"} else {status: "info", severity: "info"} end;
