#include "harness/host/services/service_host.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

void Write(assay_host* host, int32_t level, assay_text line) {
  host->sink().Log(level, View(line));
}

void Progress(assay_host* host, assay_text name, int64_t done, int64_t total) {
  host->sink().Progress(View(name), done, total);
}

int32_t StopWanted(assay_host* host) { return host->stop_wanted(); }

void KeepMetric(assay_host* host, assay_text key, int64_t step, double value) {
  if (host->Admit("log.metric", true).ok()) {
    host->sink().Metric(View(key), step, value);
  }
}

void Note(assay_host* host, assay_text key, assay_text value) {
  if (host->Admit("log.note", true).ok()) {
    host->sink().Note(View(key), View(value));
  }
}

}  // namespace

const assay_log_table* LogTable() {
  static constexpr assay_log_table kTable = {ASSAY_SIZE(assay_log_table),
                                             1,
                                             &Write,
                                             &Progress,
                                             &StopWanted,
                                             &KeepMetric,
                                             &Note};
  return &kTable;
}

}  // namespace assay
