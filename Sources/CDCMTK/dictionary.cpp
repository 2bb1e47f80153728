// DCMTK's data dictionary as a list, and zlib's inflate as a stream.

#include "cdcmtk.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcdicent.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dchashdi.h>
#include <dcmtk/dcmdata/dcvr.h>

#include <zlib.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <new>

namespace {

uint8_t step(DcmDictRangeRestriction restriction) {
  switch (restriction) {
    case DcmDictRange_Even: return 1;
    case DcmDictRange_Odd: return 2;
    default: return 0;
  }
}

template <size_t capacity> void copy_text(char (&target)[capacity], const char *source) {
  const size_t length = source == nullptr ? 0 : std::min(strlen(source), capacity - 1);
  if (length > 0) memcpy(target, source, length);
  target[length] = '\0';
}

void copy_entry(rk_dictionary_entry &target, const DcmDictEntry &source) {
  target.group = source.getGroup();
  target.element = source.getElement();
  target.upper_group = source.getUpperGroup();
  target.upper_element = source.getUpperElement();
  target.group_step = step(source.getGroupRangeRestriction());
  target.element_step = step(source.getElementRangeRestriction());
  copy_text(target.vr, source.getVR().getVRName());
  copy_text(target.keyword, source.getTagName());
}

/// Unlocks the dictionary on every way out.
class DictionaryReader {
public:
  DictionaryReader() : dictionary_(dcmDataDict.rdlock()) {}
  ~DictionaryReader() { dcmDataDict.rdunlock(); }
  DictionaryReader(const DictionaryReader &) = delete;
  DictionaryReader &operator=(const DictionaryReader &) = delete;

  // DCMTK offers iterators over a non-const dictionary only; they change nothing.
  DcmDataDictionary &dictionary() const { return const_cast<DcmDataDictionary &>(dictionary_); }

private:
  const DcmDataDictionary &dictionary_;
};

}  // namespace

size_t rk_dictionary_entries(rk_dictionary_entry *entries, size_t capacity) {
  size_t count = 0;
  const auto add = [&](const DcmDictEntry &entry) {
    if (entry.getPrivateCreator() != nullptr) return;
    if (entries != nullptr && count < capacity) copy_entry(entries[count], entry);
    ++count;
  };
  try {
    const DictionaryReader reader;
    DcmDataDictionary &dictionary = reader.dictionary();
    for (DcmHashDictIterator it = dictionary.normalBegin(); it != dictionary.normalEnd(); ++it) add(**it);
    for (DcmDictEntryListIterator it = dictionary.repeatingBegin(); it != dictionary.repeatingEnd(); ++it) add(**it);
  } catch (...) {
    return entries == nullptr ? 0 : std::min(count, capacity);
  }
  return count;
}

struct rk_inflater {
  z_stream stream = {};
  /// Nothing has come out yet: the stream may still turn out to wear a zlib header.
  bool fresh = true;
};

rk_inflater *rk_inflater_open(void) {
  rk_inflater *inflater = new (std::nothrow) rk_inflater;
  if (inflater == nullptr) return nullptr;
  if (inflateInit2(&inflater->stream, -MAX_WBITS) != Z_OK) {
    delete inflater;
    return nullptr;
  }
  return inflater;
}

void rk_inflater_close(rk_inflater *inflater) {
  if (inflater == nullptr) return;
  inflateEnd(&inflater->stream);
  delete inflater;
}

rk_inflate_state rk_inflater_run(rk_inflater *inflater, const uint8_t **input, size_t *input_count, uint8_t **output,
                                 size_t *output_count) {
  z_stream &stream = inflater->stream;
  if (inflater->fresh && *input_count >= 2) {
    // RFC 1950 §2.2: method 8, window up to 32 KiB, and a check that makes the two bytes a multiple of 31. Taken for a raw
    // stream, x8 would begin a block of stored bytes whose length almost never fits its complement.
    const unsigned head = (*input)[0] * 256u + (*input)[1];
    if (((*input)[0] & 0x0F) == 8 && ((*input)[0] >> 4) <= 7 && head % 31 == 0 && ((*input)[1] & 0x20) == 0) {
      if (inflateReset2(&stream, MAX_WBITS) != Z_OK) return RK_INFLATE_DAMAGED;
    }
    inflater->fresh = false;
  }
  for (;;) {
    const uInt available = static_cast<uInt>(std::min<size_t>(*input_count, UINT_MAX));
    const uInt room = static_cast<uInt>(std::min<size_t>(*output_count, UINT_MAX));
    stream.next_in = const_cast<Bytef *>(*input);
    stream.avail_in = available;
    stream.next_out = *output;
    stream.avail_out = room;
    const int result = inflate(&stream, Z_NO_FLUSH);
    const size_t consumed = available - stream.avail_in;
    const size_t produced = room - stream.avail_out;
    *input += consumed;
    *input_count -= consumed;
    *output += produced;
    *output_count -= produced;
    if (result == Z_STREAM_END) return RK_INFLATE_END;
    if (result != Z_OK && result != Z_BUF_ERROR) return RK_INFLATE_DAMAGED;
    if (*output_count == 0 || *input_count == 0 || (consumed == 0 && produced == 0)) return RK_INFLATE_MORE;
  }
}
