// Entries of tar archives, for tests.
#ifndef ASSAY_DATASETS_FETCH_TEST_TAR_H_
#define ASSAY_DATASETS_FETCH_TEST_TAR_H_

#include <string>

#include "absl/strings/str_format.h"

namespace assay {

// Makes the checksum of the header at the start of `entry` right.
inline void SetTarChecksum(std::string* entry) {
  entry->replace(148, 8, "        ");
  int sum = 0;
  for (size_t i = 0; i < 512; ++i)
    sum += static_cast<unsigned char>((*entry)[i]);
  entry->replace(148, 7, absl::StrFormat("%06o", sum) + std::string(1, '\0'));
}

// A ustar header, the content, and zeros to a multiple of 512 bytes. Type '0'
// is a plain file.
inline std::string TarEntry(const std::string& name, const std::string& content,
                            char type = '0') {
  std::string entry(512, '\0');
  entry.replace(0, name.size(), name);
  entry.replace(124, 11, absl::StrFormat("%011o", content.size()));
  entry[156] = type;
  entry.replace(257, 5, "ustar");
  SetTarChecksum(&entry);
  entry += content;
  entry.resize((entry.size() + 511) / 512 * 512);
  return entry;
}

inline std::string TarEnd() { return std::string(1024, '\0'); }

}  // namespace assay

#endif  // ASSAY_DATASETS_FETCH_TEST_TAR_H_
