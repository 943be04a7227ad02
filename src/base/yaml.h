/* base/yaml.h -- a YAML document (libyaml) as the same tree that JSON gives, with line numbers.
 *
 * Plain scalars true/false/null and whole numbers get those types, quoted ones are texts. Anchors may be used; a tree that
 * would grow past 100,000 values, or deeper than JSON_MAX_DEPTH, is refused. Refused are also repeated keys, a second document,
 * and U+0000. Numbers with leading zeros or a point are texts. An empty source is an empty object.
 */
#pragma once
#include "base/json.h"

/* name: of the file, for messages: "provision.yaml: line 3: ...". */
MUST_USE struct json *yaml_parse(struct arena *a, struct str source, const char *name, struct err *err);

/* A text as a scalar that reads back as that text, here and with YAML 1.1 readers (Go's): bare where nothing else could be
 * meant, else in quotes. It stays in its line. What is no UTF-8 becomes U+FFFD. */
void yaml_put_str(struct buf *to, struct str s);
