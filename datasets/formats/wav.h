// RIFF/WAVE files of 16-bit mono PCM.
#ifndef ASSAY_DATASETS_FORMATS_WAV_H_
#define ASSAY_DATASETS_FORMATS_WAV_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

struct Wav {
  int64_t rate = 0;            // samples per second
  std::vector<float> samples;  // PCM value / 32768, in [-1, 1)
};

// Reads the "fmt " and "data" chunks and passes over all others. `fmt ` must
// come first and say PCM, 1 channel, 16 bits; "data" must lie whole within the
// file. Memory is bounded by the bytes given.
//
// DATA_LOSS names the offset and the field.
absl::StatusOr<Wav> ParseWav(absl::string_view bytes, absl::string_view path);

// The canonical 44-byte header and the samples: what ParseWav reads back.
std::string WriteWav(absl::Span<const int16_t> samples, int64_t rate);

}  // namespace assay

#endif  // ASSAY_DATASETS_FORMATS_WAV_H_
