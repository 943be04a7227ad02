/* tests/fuzz/fuzz.h -- what the fuzz targets share. Needs no Check: libFuzzer has its own main(). */
#pragma once
#include "base/json.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define need(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* Reads every byte, so that the sanitizer sees a bad view. */
static inline size_t touch(struct str s)
{
	static volatile unsigned char seen;

	for (size_t i = 0; i < s.n; i++)
		seen = (unsigned char)s.p[i];
	(void)seen;
	return s.n;
}

/* The input in memory of exactly its size, so that reading one byte too far is seen. The caller frees it. */
static inline struct str own_copy(const uint8_t *data, size_t size)
{
	char *p = malloc(size + !size);

	need(p);
	if (size)
		memcpy(p, data, size);
	return str_n(p, size);
}
