/* base/roff.h -- manual pages in man(7)'s macros, for programs that print theirs from tables.
 *
 * All texts are plain: what means something to roff is escaped, and hyphens and quotes are printed so that they can be copied.
 */
#pragma once
#include <stdio.h>

/* name "opsroomd", section 8: the title line and NAME. source: the program that prints it, for the comment on top. */
void roff_page(FILE *to, const char *name, int section, const char *summary, const char *source);
void roff_section(FILE *to, const char *heading);
void roff_subsection(FILE *to, const char *heading);
/* A text, filled. Several in a row are one paragraph; roff_paragraph() begins a new one. */
void roff_text(FILE *to, const char *text);
void roff_paragraph(FILE *to);
/* A term in bold, with what stands for a value in italics (NULL: nothing); its text follows by roff_text(). */
void roff_term(FILE *to, const char *term, const char *value);
void roff_item(FILE *to, const char *term, const char *value, const char *text);
/* Lines as they stand. */
void roff_example(FILE *to, const char *lines);
/* Names of pages with their section, "opsroom(1)", up to a NULL. */
void roff_see_also(FILE *to, const char *const *pages);
/* EXIT STATUS, from the table of errors. one: what 1 means; NULL: it is not used. */
void roff_exit_codes(FILE *to, const char *one);

/* The text alone, escaped; for a line that the caller puts together. */
void roff_words(FILE *to, const char *text);
