// Damaged model files: every one is imported or refused, none ends the program.
//
// ASSAY_FUZZ_SECONDS=600 goes on for so long, with other seeds each round; the
// file that is being read lies in $TEST_TMPDIR (or /tmp) as fuzz_case.onnx.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/random.h"
#include "harness/graph/verify.h"
#include "harness/measure/clock.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/models/onnx/testing/node_tests.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

// One to four changes: bits, bytes of interest, cuts, repeated and moved parts.
std::string Mutate(std::string bytes, RandomStream* random) {
  const auto below = [&](size_t n) {
    return static_cast<size_t>(random->Below(n));
  };
  const size_t changes = 1 + below(4);
  for (size_t i = 0; i < changes && !bytes.empty(); ++i) {
    const size_t at = below(bytes.size());
    const size_t length = 1 + below(std::min<size_t>(16, bytes.size() - at));
    constexpr unsigned char kBytes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(kBytes[below(5)]);
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 4:
        bytes.erase(at, length);
        break;
      default:
        bytes.replace(at, length, bytes.substr(below(bytes.size()), length));
    }
  }
  return bytes;
}

// The inputs of the first data set, so that what depends on them is reached.
std::map<std::string, Tensor> InputsOf(const std::string& folder,
                                       const OnnxModel& model) {
  std::map<std::string, Tensor> values;
  for (size_t i = 0; i < model.graph.inputs.size(); ++i) {
    const auto tensor = ReadOnnxTensor(
        absl::StrCat(folder, "/test_data_set_0/input_", i, ".pb"));
    if (tensor.ok()) values[model.graph.inputs[i].name] = tensor->value;
  }
  return values;
}

std::string CasePath() {
  const char* folder = std::getenv("TEST_TMPDIR");
  return JoinPath(folder == nullptr ? "/tmp" : folder, "fuzz_case.onnx");
}

// Reads and imports; tells whether a graph came of it.
bool TryImport(const std::string& bytes,
               const std::map<std::string, Tensor>& values) {
  const auto model = ParseOnnxModel(bytes, "fuzz", "");
  if (!model.ok()) return false;
  OnnxImportOptions options;
  options.values = values;
  const auto network = ImportOnnx(*model, options, StandardOps());
  if (!network.ok()) return false;
  EXPECT_OK(Verify(network->graph));
  return true;
}

TEST(FuzzTest, DamagedModelsAreImportedOrRefused) {
  const std::string folder = NodeTestFolder();
  const auto names = NodeTestNames(folder);
  if (!names.ok() || names->empty()) {
    GTEST_SKIP() << "no node tests in " << folder
                 << "; install libonnx-testdata (tools/setup test) or set "
                    "ASSAY_ONNX_TESTDATA";
  }
  const char* text = std::getenv("ASSAY_FUZZ_SECONDS");
  double seconds = 0;
  ASSERT_TRUE(text == nullptr || absl::SimpleAtod(text, &seconds));
  const int64_t start = MonotonicClock().NowNs();
  const auto passed = [&] {
    return static_cast<double>(MonotonicClock().NowNs() - start) * 1e-9;
  };
  int64_t tried = 0, imported = 0;
  uint64_t round = 0;
  do {
    for (const std::string& name : *names) {
      ASSERT_OK_AND_ASSIGN(const std::string bytes,
                           ReadFile(NodeTestModel(folder, name)));
      const auto model = ParseOnnxModel(bytes, name, "");
      ASSERT_OK(model.status());
      const auto values = InputsOf(JoinPath(folder, name), *model);
      RandomStream random(round, name);
      for (int i = 0; i < 4; ++i) {
        const std::string damaged = Mutate(bytes, &random);
        if (seconds > 0) {
          ASSERT_OK(WriteFileAtomically(CasePath(), damaged));
        }
        ++tried;
        imported += TryImport(damaged, values);
      }
      if (seconds > 0 && passed() > seconds) break;
    }
    ++round;
  } while (passed() < seconds);
  std::printf("%lld of %lld damaged models were imported\n",
              static_cast<long long>(imported), static_cast<long long>(tried));
}

}  // namespace
}  // namespace assay
