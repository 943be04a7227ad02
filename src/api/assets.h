/* api/assets.h -- the console's files, which stand inside the daemon. tools/embed.mjs writes the table from web/dist/. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct asset {
	const char *path;         /* "/index.html"; the table is sorted by it, by bytes */
	const char *content_type; /* "text/html; charset=utf-8" */
	const char *etag;         /* without quotes: of the raw bytes */
	bool immutable;           /* the name carries a hash: browsers may keep it for good */
	const unsigned char *raw;
	size_t raw_bytes;
	struct packed {           /* the same, smaller; NULL where it would not be */
		const unsigned char *bytes;
		size_t n;
	} brotli, gzip;
};

extern const struct asset assets[]; /* behind the last one stands one with a NULL path */
extern const size_t asset_count;
