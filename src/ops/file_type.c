#include "ops/file_type.h"

static const struct file_type types[] = {
	{"bmp", "bmp", "image/bmp"},
	{"c", "c", "text/plain"},
	{"conf", "text", "text/plain"},
	{"cpp", "cpp", "text/plain"},
	{"css", "css", "text/css"},
	{"csv", "csv", "text/csv"},
	{"diff", "diff", "text/plain"},
	{"docx", "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{"eml", "email", "message/rfc822"},
	{"gif", "gif", "image/gif"},
	{"go", "go", "text/plain"},
	{"gz", "gzip", "application/gzip"},
	{"h", "c", "text/plain"},
	{"htm", "html", "text/html"},
	{"html", "html", "text/html"},
	{"java", "java", "text/plain"},
	{"jpeg", "jpg", "image/jpeg"},
	{"jpg", "jpg", "image/jpeg"},
	{"js", "javascript", "text/javascript"},
	{"json", "json", "application/json"},
	{"log", "text", "text/plain"},
	{"md", "markdown", "text/markdown"},
	{"mov", "mov", "video/quicktime"},
	{"mp3", "mp3", "audio/mpeg"},
	{"mp4", "mp4", "video/mp4"},
	{"patch", "diff", "text/plain"},
	{"pdf", "pdf", "application/pdf"},
	{"pem", "text", "text/plain"},
	{"png", "png", "image/png"},
	{"pptx", "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	{"py", "python", "text/plain"},
	{"rb", "ruby", "text/plain"},
	{"rs", "rust", "text/plain"},
	{"sh", "shell", "text/plain"},
	{"sql", "sql", "text/plain"},
	{"svg", "svg", "image/svg+xml"},
	{"tar", "tar", "application/x-tar"},
	{"tgz", "gzip", "application/gzip"},
	{"toml", "text", "text/plain"},
	{"ts", "typescript", "text/plain"},
	{"txt", "text", "text/plain"},
	{"wav", "wav", "audio/wav"},
	{"webp", "webp", "image/webp"},
	{"xlsx", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{"xml", "xml", "application/xml"},
	{"yaml", "yaml", "text/yaml"},
	{"yml", "yaml", "text/yaml"},
	{"zip", "zip", "application/zip"},
};

const struct file_type *file_type_of(struct str name)
{
	static const struct file_type unknown = {"", "binary", "application/octet-stream"};
	size_t dot = name.n;

	while (dot && name.p[dot - 1] != '.')
		dot--;
	for (size_t i = 0; dot && i < COUNT_OF(types); i++)
		if (str_eq_nocase(str_n(name.p + dot, name.n - dot), str_of(types[i].ending)))
			return &types[i];
	return &unknown;
}

static int big(struct str s, size_t at, unsigned n)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | (uint8_t)s.p[at + i];
	return v <= INT32_MAX ? (int)v : 0;
}

static int little16(struct str s, size_t at)
{
	return (uint8_t)s.p[at] | (uint8_t)s.p[at + 1] << 8;
}

/* ITU T.81, annex B: segments, until the one that begins a frame (SOF0 to SOF15 without DHT, JPG and DAC). */
static bool jpeg_size(struct str s, int *width, int *height)
{
	size_t at = 2;

	while (at + 9 <= s.n && (uint8_t)s.p[at] == 0xff) {
		uint8_t marker = (uint8_t)s.p[at + 1];

		if (marker == 0xff) { /* a filling byte */
			at++;
			continue;
		}
		if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
			*height = big(s, at + 5, 2);
			*width = big(s, at + 7, 2);
			return true;
		}
		at += 2 + (size_t)big(s, at + 2, 2);
	}
	return false;
}

bool picture_size(struct str s, int *width, int *height)
{
	bool known = true;

	*width = *height = 0;
	if (s.n >= 24 && str_starts(s, S("\x89PNG\r\n\x1a\n")) && memcmp(s.p + 12, "IHDR", 4) == 0) {
		*width = big(s, 16, 4);
		*height = big(s, 20, 4);
	} else if (s.n >= 10 && (str_starts(s, S("GIF87a")) || str_starts(s, S("GIF89a")))) {
		*width = little16(s, 6);
		*height = little16(s, 8);
	} else {
		known = str_starts(s, S("\xff\xd8")) && jpeg_size(s, width, height);
	}
	if (known && *width > 0 && *height > 0)
		return true;
	*width = *height = 0;
	return false;
}
