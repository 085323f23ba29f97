#include "datasets/formats/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "datasets/formats/format_error.h"

namespace assay {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;  // gzip's header, the largest window
constexpr size_t kChunk = 1 << 20;

Bytef* In(absl::string_view bytes) {
  // zlib reads through a pointer that it does not declare const.
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

// zlib cannot be started: memory is exhausted or the library is broken.
[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "zlib: %s failed\n", what);
  std::abort();
}

std::string Reason(const z_stream& z, int code) {
  return z.msg != nullptr ? z.msg : zError(code);
}

}  // namespace

absl::StatusOr<std::string> Gunzip(absl::string_view bytes, size_t max_bytes,
                                   absl::string_view path) {
  if (bytes.size() > std::numeric_limits<uInt>::max()) {
    return FormatError(path, 0, "at most 4 GiB", absl::StrCat(bytes.size()));
  }
  z_stream z{};
  if (inflateInit2(&z, kGzip) != Z_OK) Die("inflateInit2");
  absl::Cleanup end = [&z] { inflateEnd(&z); };
  z.next_in = In(bytes);
  z.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int code = Z_OK;
  while (code == Z_OK) {
    // One byte more than allowed shows that there is more.
    const size_t used = out.size();
    const size_t room = std::min(std::max(kChunk, used), max_bytes + 1 - used);
    out.resize(used + room);
    z.next_out = reinterpret_cast<Bytef*>(&out[used]);
    z.avail_out = static_cast<uInt>(std::min<size_t>(room, 1u << 30));
    const size_t given = z.avail_out;
    code = inflate(&z, Z_NO_FLUSH);
    out.resize(used + given - z.avail_out);
    if (out.size() > max_bytes) {
      return FormatError(path, z.total_in,
                         absl::StrCat("at most ", max_bytes, " bytes inside"),
                         "more");
    }
  }
  if (code == Z_BUF_ERROR) {
    return FormatError(path, bytes.size(), "more gzip data",
                       "the end of the file");
  }
  if (code != Z_STREAM_END) {
    return FormatError(path, z.total_in, "gzip data", Reason(z, code));
  }
  if (z.avail_in != 0) {
    return FormatError(path, z.total_in, "the end of the file",
                       absl::StrCat(z.avail_in, " bytes more"));
  }
  return out;
}

std::string Gzip(absl::string_view bytes) {
  z_stream z{};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    Die("deflateInit2");
  }
  std::string out(deflateBound(&z, bytes.size()), '\0');
  z.next_in = In(bytes);
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  if (deflate(&z, Z_FINISH) != Z_STREAM_END) Die("deflate");
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

}  // namespace assay
