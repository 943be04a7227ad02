# What the programs of sources may use. Loaded before each of them.

# The value as text; null if it is absent (a list, an object, nothing).
def text: if . then (if type == "string" then (if . == "" then null else . end) elif type == "number" or . == true then tostring else null end) elif . == false then "false" else null end;
# The first of several that is not absent: first_of(.a, .b).
def first_of(f): reduce f as $one (null; if . then . elif $one then $one | text elif $one == false then "false" else null end);
# The body must be an object, or it is refused.
def object: if type == "object" then . else error("the body is not an object") end;
# Is it a word of the list (in lower case), in any case? jq 1.6 takes a microsecond to lower a letter, so that is tried last.
def word_in(list): (text // "") as $w | list | index($w) != null or index($w | ascii_downcase) != null;
# What a table of words (in lower case) says of a word in any case; null: it is not there.
def by_word(table): text as $w | if $w then table | if .[$w] then .[$w] else .[$w | ascii_downcase] end else null end;
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
def joined($sep; parts): reduce (parts | text) as $part (null; if $part then if . then . + $sep + $part else $part end else . end);
# What came with its line breaks as \n, two letters.
def with_lines: if . and contains("\\n") then split("\\n") | join("\n") else . end;
# The severity of a state of Nagios and its family; null for OK, UP and other words.
def nagios_severity: {CRITICAL: "critical", DOWN: "critical", UNREACHABLE: "error", WARNING: "warning", UNKNOWN: "warning"}[text // ""];
# A text that holds JSON as what it holds, null if it cannot be read. What is no text stays.
def unpacked: if type == "string" then [fromjson?][0] else . end;
# The value behind a text, "" if there is none: .number | after("#").
def after($before): text | if . then $before + . else "" end;
# Without the spaces around it. (A body's own texts are trimmed already; parts of them are not.)
def trimmed: if startswith(" ") then .[1:] | trimmed elif endswith(" ") then .[:-1] | trimmed else . end;
# A text as a title becomes: one line, not too long. For keys made of titles, and to compare with one.
def as_title:
  (if contains("  ") or (@uri | contains("%0")) then gsub("\\s+"; " ") else . end) # few have two spaces, a line break or a tab
  | if length > 250 then .[:249] + "…" else . end;

# ---- what several tools send ----

# Labels as Prometheus writes them, {a="b",c="d"}; null if there are none.
def label_text:
  [keys[] as $name | (.[$name] | text | select(. != null)) as $value
    | "\($name)=\($value | tojson)"]
  | if . == [] then null else "{\(join(","))}" end;

# Alertmanager's body, which Grafana, vmalert and Loki send too: an event of each member of `alerts`. The status is the
# alert's own, and only without one the body's: of a shortened group that says resolved while others still fire.
def prometheus_alerts:
  . as $body
  | (if .alerts | type == "array" then .alerts[] else error("`alerts` is no list") end)
  | objects
  | (.labels | dict) as $labels | (.annotations | dict) as $notes
  | {
      status: ((.status | text) // ($body.status | text) // "firing"),
      severity: [$labels.severity, $labels.priority],
      title: [$notes.summary, $notes.title, $labels.alertname],
      summary: [$notes.description, $notes.message],
      url: [.panelURL, .dashboardURL, .generatorURL, $body.externalURL],
      key: [(.fingerprint | text) // ($labels | label_text)],
      labels: $labels,
      starts_at: .startsAt,
      ends_at: .endsAt
    };

# An EventBridge event: what AWS services say about builds, pipelines, deployments and instances.
def aws_event:
  (.detail | dict) as $d | (.["detail-type"] | text) as $type
  | first_of($d.state, $d["build-status"], $d.StatusCode, $d["deployment-status"]) as $word
  | first_of($d.pipeline, $d["project-name"], $d.AutoScalingGroupName, $d.application, $d["instance-id"]) as $name
  | ($word | by_word({
      SUCCEEDED: "good", FAILED: "bad", STARTED: "other", IN_PROGRESS: "other", SUCCESS: "good", FAILURE: "bad", # as they mostly come
      succeeded: "good", success: "good", failed: "bad", failure: "bad", fault: "bad", timed_out: "bad"
    })) as $how
  | ci($how == "good"; $how == "bad")
  + {
      title: joined(": "; $type, joined(" "; $name, $word)),
      summary: [$d.StatusMessage, $d.Cause],
      url: ($d["additional-information"] | dict | .logs | dict | .["deep-link"]),
      # "... Successful" and "... Unsuccessful" are two words on one thing.
      key: [.account, .region, ($type // "" | rtrimstr(" Successful") | rtrimstr(" Unsuccessful")),
        $name // (.resources | if type == "array" then .[0] else null end)],
      labels: {service: (.source | text // "" | ltrimstr("aws.")), detail_type: $type, account, region, state: $word, resource: $name},
      at: .time
    };

# Any object with the usual names, in lower case.
def usual_event:
  (first_of(.title, .name, .alertname, .summary, .subject, .message) | if . then as_title else . end) as $title
  | first_of(.description, .summary, .message, .body, .text, .details) as $more
  | first_of(.dedup_key, .dedupkey, .fingerprint, .alert_id, .id, .key) as $key
  | {
      usual_status: [.status, .state, .event_action],
      severity: [.severity, .level, .priority],
      title: $title,
      summary: (if $more == $title then null else $more end),
      url: [.url, .link, .runbook_url],
      key: (if $key then [$key] else [$title, first_of(.host, .hostname, .service)] end),
      labels: [.labels, {host, hostname, service, environment, env, team, region, cluster}],
      starts_at: [.starts_at, .startsat, .timestamp, .time],
      ends_at: [.ends_at, .endsat]
    };
