#pragma once

// What Swift cannot call by itself: libFuzzer's driver, and parsers of CDCMTK that have no place in its C header.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Runs libFuzzer with its command line until it finds something or its time is over; returns its exit status.
int fuzz_run(int argument_count, char **arguments, int (*one_input)(const uint8_t *bytes, size_t count));

/// Walks through an A-ASSOCIATE-RQ without its 6-byte head.
void fuzz_association_request(const uint8_t *bytes, size_t count);

/// Walks through a command set.
void fuzz_command(const uint8_t *bytes, size_t count);

/// Looks at the header of a JPEG frame, and unpacks an RLE frame. The first three bytes say what the data set would.
void fuzz_coded_frame(const uint8_t *bytes, size_t count);

#ifdef __cplusplus
}
#endif
