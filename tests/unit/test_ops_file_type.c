/* What a file is, by its name and its first bytes. */
#include "ops/file_type.h"
#include "unit.h"

START_TEST(names_say_what_it_is)
{
	ck_assert_str_eq(file_type_of(S("graph.PNG"))->mimetype, "image/png");
	ck_assert_str_eq(file_type_of(S("a.tar.gz"))->word, "gzip");
	ck_assert_str_eq(file_type_of(S("notes.md"))->word, "markdown");
	ck_assert_str_eq(file_type_of(S("core"))->word, "binary");
	ck_assert_str_eq(file_type_of(S("core."))->mimetype, "application/octet-stream");
	ck_assert_str_eq(file_type_of(S("x.exe"))->mimetype, "application/octet-stream");
}
END_TEST

static const struct {
	struct str bytes;
	int width, height; /* 0: no picture */
} pictures[] = {
	{S("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x02\0\0\0\x03"), 258, 3},
	{S("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\xff\0\0\0\0\0\0\x03"), 0, 0},
	{S("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x02\0\0\0"), 0, 0},
	{S("GIF89a\x02\x01\x03\0"), 258, 3},
	{S("GIF89a\x02\x01\x03"), 0, 0},
	{S("\xff\xd8\xff\xe0\0\4ab\xff\xff\xc0\0\x11\x08\0\x03\x01\x02\x03"), 258, 3},
	{S("\xff\xd8\xff\xe0\xff\xff"), 0, 0},
	{S("\xff\xd8\xff\xc4\0\2\xff\xda\0\2"), 0, 0},
	{S("hello"), 0, 0},
	{S(""), 0, 0},
};

START_TEST(pictures_say_how_large_they_are)
{
	int width, height;

	ck_assert(picture_size(pictures[_i].bytes, &width, &height) == (pictures[_i].width > 0));
	ck_assert_int_eq(width, pictures[_i].width);
	ck_assert_int_eq(height, pictures[_i].height);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {{"names", names_say_what_it_is}, {"pictures", pictures_say_how_large_they_are, .times = COUNT_OF(pictures)}};

	return unit_run("ops_file_type", tests, COUNT_OF(tests));
}
