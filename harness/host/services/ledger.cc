#include "harness/host/services/service_host.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

void Read(assay_host* host, assay_ledger* out) {
  const ServedLedger& spent = host->ledger();
  assay_ledger ledger{};
  ledger.samples = spent.samples;
  ledger.steps = spent.steps;
  ledger.evaluations = spent.evaluations;
  ledger.programs = spent.programs;
  ledger.macs = spent.macs;
  ledger.seconds = absl::ToDoubleSeconds(host->elapsed());
  Fill(ledger, out);
}

}  // namespace

const assay_ledger_table* LedgerTable() {
  static constexpr assay_ledger_table kTable = {ASSAY_SIZE(assay_ledger_table),
                                                1, &Read};
  return &kTable;
}

}  // namespace assay
