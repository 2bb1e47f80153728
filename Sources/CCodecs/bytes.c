#include <stdlib.h>

#include "ccodecs.h"

void cc_bytes_free(cc_bytes *bytes) {
  free(bytes->data);
  bytes->data = NULL;
  bytes->length = 0;
}
