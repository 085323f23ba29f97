// One file over http://, https:// or file://, by libcurl.
#ifndef ASSAY_DATASETS_FETCH_DOWNLOAD_H_
#define ASSAY_DATASETS_FETCH_DOWNLOAD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace assay {

struct DownloadOptions {
  // Nothing longer is taken, whatever the server says.
  int64_t max_bytes = int64_t{1} << 32;
  // Times that a broken transfer is taken up again where it broke.
  int retries = 4;
  bool show_progress = true;  // on stderr, see harness/core/progress.h
};

// Makes `path` the content of `url`. What has arrived so far is kept beside it
// as `path`.part, and a later call (of this or another process) goes on from
// there if the server can; `path` itself appears whole, by rename, and only
// when its SHA-256 is `sha256` (64 lower-case digits; empty: any content).
// Returns at once when `path` is that file already. Makes missing folders.
//
// NOT_FOUND: the server has no such file. UNAVAILABLE: no connection, or it
// broke too often; the message says how to go on. DATA_LOSS: another digest
// (the part is removed) or longer than max_bytes. INVALID_ARGUMENT: another
// kind of URL.
absl::Status Download(const std::string& url, const std::string& path,
                      const std::string& sha256,
                      const DownloadOptions& options = {});

}  // namespace assay

#endif  // ASSAY_DATASETS_FETCH_DOWNLOAD_H_
