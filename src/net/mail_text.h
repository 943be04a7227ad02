/* net/mail_text.h -- the encodings of mail, undone: transfer encodings, encoded words, charsets, HTML.
 *
 * Nothing here refuses: a mail is what it is, and what cannot be read becomes U+FFFD or is left out. Every answer is UTF-8 whose
 * lines are parted by LF, without other control characters than TAB.
 */
#pragma once
#include "base/mem.h"

/* "quoted-printable", "base64" (RFC 2045 sections 6.7 and 6.8) or anything else: as it stands. Bytes, not yet a text. */
struct str mail_transfer_decode(struct arena *a, struct str body, struct str encoding);
/* By glibc's iconv. Of a charset that is not named, not known or not true: UTF-8 if it is that, else windows-1252. */
struct str mail_to_utf8(struct arena *a, struct str bytes, struct str charset);
/* An unfolded value of a header: =?utf-8?B?...?= and =?iso-8859-1?Q?...?= (RFC 2047). */
struct str mail_words(struct arena *a, struct str value);
/* What one would read of a page: no tags, a line per paragraph or row, addresses of links in parentheses. */
struct str mail_of_html(struct arena *a, struct str html);
