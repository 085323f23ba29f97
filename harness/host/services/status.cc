#include "absl/status/status.h"

#include <memory>
#include <new>
#include <string>

#include "harness/host/services/convert.h"
#include "harness/host/services/tables.h"

// The object behind the ABI's status.
struct assay_status {
  int32_t code;
  std::string message;
};

namespace assay {
namespace {

// For when memory is gone: made at first use, never freed.
assay_status* Reserved() {
  static assay_status* const reserved =
      new assay_status{ASSAY_RESOURCE_EXHAUSTED, "out of memory"};
  return reserved;
}

void Free(assay_status* status) {
  if (status != Reserved()) delete status;
}

assay_status* Make(assay_host*, int32_t code, assay_text message,
                   assay_status* cause) {
  assay_status* made = Reserved();
  try {
    std::string text = Text(message);
    if (cause != nullptr) text += "; because: " + cause->message;
    made = new assay_status{code == ASSAY_OK ? ASSAY_UNKNOWN : code,
                            std::move(text)};
  } catch (const std::bad_alloc&) {
  }
  Free(cause);
  return made;
}

int32_t Code(const assay_status* status) {
  return status == nullptr ? ASSAY_OK : status->code;
}

assay_text Message(const assay_status* status) {
  return status == nullptr ? assay_text{nullptr, 0} : Lend(status->message);
}

}  // namespace

assay_status* Give(const absl::Status& status) {
  if (status.ok()) return nullptr;
  return Make(nullptr, static_cast<int32_t>(status.raw_code()),
              Lend(status.message()), nullptr);
}

absl::Status Take(assay_status* status) {
  if (status == nullptr) return absl::OkStatus();
  const bool known =
      status->code > ASSAY_OK && status->code <= ASSAY_UNAUTHENTICATED;
  const absl::Status taken(known ? static_cast<absl::StatusCode>(status->code)
                                 : absl::StatusCode::kUnknown,
                           status->message);
  Free(status);
  return taken;
}

const assay_status_table* StatusTable() {
  Reserved();
  static constexpr assay_status_table kTable = {
      ASSAY_SIZE(assay_status_table), 1, &Make, &Code, &Message, &Free};
  return &kTable;
}

}  // namespace assay
