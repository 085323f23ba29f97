#include "datasets/fetch/download.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/progress.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr long kConnectSeconds = 30;
// Slower than this for so long counts as broken.
constexpr long kSlowBytesPerSecond = 100, kSlowSeconds = 30;

// Before the first retry; each further one waits twice as long.
constexpr absl::Duration kPause = absl::Milliseconds(200);

// libcurl wants one call before its first use in a process.
void StartCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) {
    std::fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(code));
    std::abort();
  }
}

// 0 when absent.
int64_t SizeOf(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

// The bar of one download, over all its attempts. It appears with the first
// bytes, when the length may be known.
class Bar {
 public:
  explicit Bar(const std::string& url)
      : label_(url.substr(url.find_last_of('/') + 1)) {}

  // total < 0: unknown.
  void Update(int64_t done, int64_t total) {
    if (!progress_)
      progress_.emplace(label_, total < 0 ? -1 : total / 1024, "KiB");
    progress_->Update(done / 1024);
  }

 private:
  std::string label_;
  std::optional<Progress> progress_;
};

// One attempt: where the bytes go, and what is known so far.
struct Transfer {
  CURL* curl = nullptr;
  std::FILE* out = nullptr;
  int64_t done = 0;    // bytes of the part
  int64_t total = -1;  // that it will have, if known
  int64_t most = 0;
  bool first = true;
  bool too_long = false;
  Bar* bar = nullptr;
};

// With the first bytes: a server that cannot resume sends the whole file with
// status 200, so that what was there before goes.
bool Begin(Transfer* t) {
  t->first = false;
  long status = 0;
  curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
  if (t->done > 0 && status == 200) {
    t->done = 0;
    if (ftruncate(fileno(t->out), 0) != 0) return false;
  }
  curl_off_t length = -1;
  curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (length >= 0) t->total = t->done + length;
  return true;
}

size_t OnBytes(char* bytes, size_t size, size_t count, void* user) {
  Transfer* t = static_cast<Transfer*>(user);
  if (t->first && !Begin(t)) return 0;
  const size_t n = size * count;
  t->too_long = t->done + static_cast<int64_t>(n) > t->most;
  if (t->too_long) return 0;
  const size_t written = std::fwrite(bytes, 1, n, t->out);
  t->done += static_cast<int64_t>(written);
  if (t->bar != nullptr) t->bar->Update(t->done, t->total);
  return written;
}

struct Outcome {
  CURLcode code = CURLE_OK;
  long status = 0;  // of HTTP
  bool too_long = false;
  std::string reason;
};

bool IsTransient(const Outcome& outcome) {
  switch (outcome.code) {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_COULDNT_CONNECT:
      return true;
    case CURLE_HTTP_RETURNED_ERROR:
      return outcome.status >= 500 || outcome.status == 429;
    default:
      return false;
  }
}

// The part is as long as the file, or longer: nothing is left to send.
bool IsPastTheEnd(const Outcome& outcome) {
  return outcome.status == 416 || outcome.code == CURLE_RANGE_ERROR ||
         outcome.code == CURLE_BAD_DOWNLOAD_RESUME;
}

void Configure(const std::string& url, char* reason, Transfer* transfer) {
  const auto set = [curl = transfer->curl](CURLoption option, auto value) {
    curl_easy_setopt(curl, option, value);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_ERRORBUFFER, reason);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 8L);
  set(CURLOPT_PROTOCOLS_STR, "http,https,file");
  // A server must not lead us to files of this machine.
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, kSlowBytesPerSecond);
  set(CURLOPT_LOW_SPEED_TIME, kSlowSeconds);
  set(CURLOPT_USERAGENT, "assay");
  set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer->done));
  set(CURLOPT_WRITEFUNCTION, &OnBytes);
  set(CURLOPT_WRITEDATA, transfer);
}

// Appends to `part` what it lacks of `url`, until the end or an error.
absl::StatusOr<Outcome> Attempt(const std::string& url, const std::string& part,
                                int64_t most, Bar* bar) {
  StartCurl();
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(),
                                                    curl_easy_cleanup);
  if (curl == nullptr) return absl::InternalError("libcurl: cannot start");
  Transfer transfer;
  transfer.curl = curl.get();
  transfer.done = SizeOf(part);
  transfer.most = most;
  transfer.bar = bar;
  transfer.out = std::fopen(part.c_str(), "ab");
  if (transfer.out == nullptr) {
    return absl::UnavailableError(
        absl::ErrnoToStatus(errno, absl::StrCat("open ", part)).message());
  }
  char reason[CURL_ERROR_SIZE] = "";
  Configure(url, reason, &transfer);
  Outcome outcome;
  outcome.code = curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &outcome.status);
  outcome.too_long = transfer.too_long;
  outcome.reason =
      reason[0] != '\0' ? reason : curl_easy_strerror(outcome.code);
  if (std::fclose(transfer.out) != 0) {
    return absl::UnavailableError(
        absl::ErrnoToStatus(errno, absl::StrCat("write ", part)).message());
  }
  return outcome;
}

absl::Status CheckScheme(const std::string& url) {
  for (const char* scheme : {"http://", "https://", "file://"}) {
    if (absl::StartsWith(url, scheme)) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", url, "\": expected http://, https:// or file://"));
}

absl::Status Failure(const std::string& url, const std::string& part,
                     const DownloadOptions& options, const Outcome& outcome) {
  if (outcome.too_long) {
    std::filesystem::remove(part);
    return absl::DataLossError(absl::StrCat(
        url, ": expected at most ", options.max_bytes, " bytes, got more"));
  }
  if (outcome.status == 404 || outcome.status == 410 ||
      outcome.code == CURLE_FILE_COULDNT_READ_FILE) {
    return absl::NotFoundError(absl::StrCat(url, ": ", outcome.reason));
  }
  const int64_t have = SizeOf(part);
  return absl::UnavailableError(absl::StrCat(
      url, ": ", outcome.reason,
      have == 0 ? ""
                : absl::StrCat("; ", HumanBytes(have),
                               " arrived and are kept, run again to go on")));
}

// Gets all of `url` into `part`, taking it up again when it breaks.
absl::Status Complete(const std::string& url, const std::string& part,
                      const DownloadOptions& options) {
  Bar bar(url);
  Bar* shown = options.show_progress ? &bar : nullptr;
  bool restarted = false;
  for (int failures = 0;;) {
    ASSAY_ASSIGN_OR_RETURN(const Outcome outcome,
                           Attempt(url, part, options.max_bytes, shown));
    if (outcome.code == CURLE_OK) return absl::OkStatus();
    if (IsPastTheEnd(outcome) && SizeOf(part) > 0 && !restarted) {
      // Whole already, perhaps: the digest will tell. Without one, start over.
      restarted = true;
      std::filesystem::remove(part);
    } else if (!IsTransient(outcome) || failures >= options.retries) {
      return Failure(url, part, options, outcome);
    } else {
      absl::SleepFor(kPause * (1 << std::min(failures++, 8)));
    }
  }
}

bool HasDigest(const std::string& path, const std::string& sha256) {
  if (!FileExists(path)) return false;
  const absl::StatusOr<std::string> digest = Sha256OfFile(path);
  return digest.ok() && *digest == sha256;
}

// OK when the part has the digest, or when none is asked for.
absl::Status CheckPart(const std::string& url, const std::string& part,
                       const std::string& sha256) {
  if (sha256.empty()) return absl::OkStatus();
  ASSAY_ASSIGN_OR_RETURN(const std::string digest, Sha256OfFile(part));
  if (digest == sha256) return absl::OkStatus();
  std::filesystem::remove(part);
  return absl::DataLossError(
      absl::StrCat(url, ": expected SHA-256 ", sha256, ", got ", digest));
}

}  // namespace

absl::Status Download(const std::string& url, const std::string& path,
                      const std::string& sha256,
                      const DownloadOptions& options) {
  ASSAY_RETURN_IF_ERROR(CheckScheme(url));
  if (!sha256.empty() && HasDigest(path, sha256)) return absl::OkStatus();
  ASSAY_RETURN_IF_ERROR(MakeFolders(std::filesystem::path(path).parent_path()));
  const std::string part = absl::StrCat(path, ".part");
  const bool resumed = FileExists(part);
  if (sha256.empty() || !HasDigest(part, sha256)) {
    ASSAY_RETURN_IF_ERROR(Complete(url, part, options));
  }
  absl::Status status = CheckPart(url, part, sha256);
  if (!status.ok() && resumed) {
    // The old part may have been of another file: once more, from the start.
    ASSAY_RETURN_IF_ERROR(Complete(url, part, options));
    status = CheckPart(url, part, sha256);
  }
  ASSAY_RETURN_IF_ERROR(status);
  std::error_code error;
  std::filesystem::rename(part, path, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("rename ", part, " to ", path, ": ", error.message()));
  }
  return absl::OkStatus();
}

}  // namespace assay
