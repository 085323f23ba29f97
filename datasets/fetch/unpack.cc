#include "datasets/fetch/unpack.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "datasets/formats/format_error.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr size_t kBlock = 512;
constexpr int64_t kMostFileBytes = int64_t{1} << 30;
constexpr int64_t kMostBytes = int64_t{8} << 30;
constexpr int kMostEntries = 200000;

// The unpacked bytes of a gzip file, in order.
class GzipReader {
 public:
  explicit GzipReader(const std::string& path)
      : path_(path), file_(gzopen(path.c_str(), "rb"), &gzclose) {}

  bool is_open() const { return file_ != nullptr; }
  const std::string& path() const { return path_; }
  size_t offset() const { return offset_; }

  // Exactly `size` bytes, or DATA_LOSS.
  absl::Status Read(char* bytes, size_t size) {
    const int got = gzread(file_.get(), bytes, static_cast<unsigned>(size));
    if (got > 0) offset_ += static_cast<size_t>(got);
    if (got == static_cast<int>(size)) return absl::OkStatus();
    int code = Z_OK;
    const char* reason = gzerror(file_.get(), &code);
    return FormatError(path_, offset_, absl::StrCat(size, " bytes of tar"),
                       code == Z_OK ? "the end of the archive" : reason);
  }

  absl::Status Skip(int64_t size) {
    std::array<char, 1 << 16> buffer;
    while (size > 0) {
      const int64_t n = std::min<int64_t>(size, buffer.size());
      ASSAY_RETURN_IF_ERROR(Read(buffer.data(), static_cast<size_t>(n)));
      size -= n;
    }
    return absl::OkStatus();
  }

 private:
  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
  size_t offset_ = 0;
};

struct Entry {
  std::string name;
  int64_t size = 0;
  bool plain = false;
  bool last = false;  // a block of zeros ends an archive
};

// A field that ends at its first zero byte.
std::string Text(const char* field, size_t size) {
  return std::string(field, strnlen(field, size));
}

// Octal digits between blanks and zero bytes; -1 when something else is there.
int64_t Octal(const char* field, size_t size) {
  int64_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    if (field[i] == ' ' || field[i] == '\0') continue;
    if (field[i] < '0' || field[i] > '7') return -1;
    value = value * 8 + (field[i] - '0');
  }
  return value;
}

// The sum of all bytes with those of the checksum itself as blanks.
int64_t Checksum(const std::array<char, kBlock>& block) {
  int64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= 148 && i < 156;
    sum += own ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return sum;
}

absl::StatusOr<Entry> ReadHeader(GzipReader& in) {
  std::array<char, kBlock> block;
  const size_t at = in.offset();
  ASSAY_RETURN_IF_ERROR(in.Read(block.data(), kBlock));
  Entry entry;
  entry.last =
      std::all_of(block.begin(), block.end(), [](char c) { return c == '\0'; });
  if (entry.last) return entry;
  if (Octal(&block[148], 8) != Checksum(block)) {
    return FormatError(in.path(), at + 148,
                       absl::StrCat("tar checksum ", Checksum(block)),
                       absl::StrCat("\"", Text(&block[148], 8), "\""));
  }
  entry.size = Octal(&block[124], 12);
  if (entry.size < 0 || entry.size > kMostFileBytes) {
    return FormatError(in.path(), at + 124,
                       absl::StrCat("a size up to ", kMostFileBytes),
                       absl::StrCat("\"", Text(&block[124], 12), "\""));
  }
  entry.plain = block[156] == '0' || block[156] == '\0';
  entry.name = Text(&block[0], 100);
  const std::string prefix =
      Text(&block[257], 5) == "ustar" ? Text(&block[345], 155) : "";
  if (!prefix.empty()) entry.name = absl::StrCat(prefix, "/", entry.name);
  return entry;
}

bool StaysInside(absl::string_view name) {
  if (name.empty() || name.front() == '/') return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  return std::find(parts.begin(), parts.end(), "..") == parts.end();
}

absl::Status WriteEntry(GzipReader& in, int64_t size, const std::string& path) {
  ASSAY_RETURN_IF_ERROR(MakeFolders(std::filesystem::path(path).parent_path()));
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  std::vector<char> buffer(1 << 16);
  while (size > 0) {
    const int64_t n =
        std::min<int64_t>(size, static_cast<int64_t>(buffer.size()));
    ASSAY_RETURN_IF_ERROR(in.Read(buffer.data(), static_cast<size_t>(n)));
    out.write(buffer.data(), n);
    size -= n;
  }
  out.close();
  if (!out) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  return absl::OkStatus();
}

}  // namespace

absl::Status UnpackTarGz(const std::string& archive, absl::string_view take,
                         const std::string& folder) {
  GzipReader in(archive);
  if (!in.is_open()) {
    return absl::NotFoundError(absl::StrCat(archive, ": cannot be opened"));
  }
  int64_t total = 0, taken = 0;
  for (int entries = 0;; ++entries) {
    const size_t at = in.offset();
    ASSAY_ASSIGN_OR_RETURN(const Entry entry, ReadHeader(in));
    if (entry.last) break;
    total += entry.size;
    if (entries >= kMostEntries || total > kMostBytes) {
      return FormatError(archive, at,
                         absl::StrCat("at most ", kMostEntries, " entries of ",
                                      kMostBytes, " bytes"),
                         "more");
    }
    if (entry.plain && absl::StartsWith(entry.name, take)) {
      const std::string name = entry.name.substr(take.size());
      if (!StaysInside(name)) {
        return FormatError(archive, at, "a name inside the folder", entry.name);
      }
      ASSAY_RETURN_IF_ERROR(WriteEntry(in, entry.size, JoinPath(folder, name)));
      ++taken;
    } else {
      ASSAY_RETURN_IF_ERROR(in.Skip(entry.size));
    }
    const int64_t rest = entry.size % static_cast<int64_t>(kBlock);
    if (rest != 0) {
      ASSAY_RETURN_IF_ERROR(in.Skip(static_cast<int64_t>(kBlock) - rest));
    }
  }
  if (taken > 0) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat(archive, ": expected files in ", take, ", got none"));
}

}  // namespace assay
