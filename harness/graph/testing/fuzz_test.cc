// Damaged graph texts: every one is read or refused, and what is read can be
// analysed or says why not; none ends the program.
//
// ASSAY_FUZZ_SECONDS=600 goes on for so long, with other networks each round.
// Then the text that is being read lies in $TEST_TMPDIR (or /tmp) as
// fuzz_case.graph.
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/structural_hash.h"
#include "harness/graph/testing/random_graph.h"
#include "harness/graph/text.h"
#include "harness/graph/verify.h"
#include "harness/measure/clock.h"
#include "harness/testing/mutate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }

// One to three numbers (extents, attributes, parts of names) become others, so
// that what follows the reader sees graphs that are wrong in one place.
std::string MutateNumbers(std::string text, RandomStream* random) {
  const uint64_t changes = 1 + random->Below(3);
  for (uint64_t i = 0; i < changes; ++i) {
    size_t begin = random->Below(text.size());
    while (begin < text.size() && !IsDigit(text[begin])) ++begin;
    size_t end = begin;
    while (end < text.size() && IsDigit(text[end])) ++end;
    if (begin == end) continue;
    text.replace(begin, end - begin, absl::StrCat(OddInteger(random)));
  }
  return text;
}

// One extent of an input or one integer of an attribute becomes another, and
// all types follow where they can: graphs that are consistent and absurd.
std::string MutateGraph(Graph graph, RandomStream* random) {
  const auto below = [&](int64_t n) {
    return static_cast<int32_t>(random->Below(static_cast<uint64_t>(n)));
  };
  const auto number = [&] {
    return random->Below(2) == 0 ? OddInteger(random) : below(12);
  };
  if (random->Below(2) == 0) {
    Shape& shape = graph.mutable_value(graph.inputs()[0])->type.shape;
    shape[random->Below(shape.size())] = number();
  } else {
    Node* node = graph.mutable_node(below(graph.node_count()));
    const auto& all = node->attributes.values();
    if (!all.empty()) {
      const auto it = std::next(all.begin(), below(std::ssize(all)));
      AttributeValue value = it->second;
      if (auto* one = std::get_if<int64_t>(&value)) *one = number();
      auto* list = std::get_if<std::vector<int64_t>>(&value);
      if (list != nullptr && !list->empty()) {
        (*list)[random->Below(list->size())] = number();
      }
      node->attributes.Set(it->first, std::move(value));
    }
  }
  return graph.InferTypes().ok() ? ToText(graph) : std::string();
}

// Of all axes of all values. In between lies what is allowed and slow.
bool IsQuick(const Graph& graph) {
  double indices = 0;
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    for (const int64_t extent : graph.shape(id)) {
      indices += static_cast<double>(extent);
    }
  }
  return indices < 1e5 || indices > 1e8;
}

// Whether the text is a graph.
bool TryGraph(const std::string& text, const OpSet& ops) {
  const auto graph = ParseGraph(text, ops);
  if (!graph.ok()) return false;
  EXPECT_OK(Verify(*graph)) << text;
  const auto again = ParseGraph(ToText(*graph), ops);
  EXPECT_OK(again.status()) << text;
  if (again.ok()) {
    EXPECT_EQ(StructuralHash(*graph), StructuralHash(*again));
  }
  if (!IsQuick(*graph)) return true;
  const auto groups = FindChannelGroups(*graph);
  if (!groups.ok()) return true;
  std::vector<std::vector<int64_t>> removed;
  for (const ChannelGroup& group : *groups) {
    removed.emplace_back();
    if (group.channels.size() > 1) removed.back().push_back(0);
  }
  const auto small = RemoveChannels(*graph, removed, nullptr);
  if (small.ok()) {
    EXPECT_OK(Verify(*small)) << text;
  }
  return true;
}

TEST(FuzzTest, DamagedTextsAreReadOrRefused) {
  const char* limit = std::getenv("ASSAY_FUZZ_SECONDS");
  double seconds = 0;
  ASSERT_TRUE(limit == nullptr || absl::SimpleAtod(limit, &seconds));
  const char* folder = std::getenv("TEST_TMPDIR");
  const std::string path =
      absl::StrCat(folder == nullptr ? "/tmp" : folder, "/fuzz_case.graph");
  const int64_t start = MonotonicClock().NowNs();
  const auto passed = [&] {
    return static_cast<double>(MonotonicClock().NowNs() - start) * 1e-9;
  };
  int64_t tried = 0, read = 0;
  for (uint64_t seed = 0; seed < 30 || passed() < seconds; ++seed) {
    const RandomNetwork network = MakeRandomNetwork(seed);
    const std::string text = ToText(network.graph());
    RandomStream random(seed, "fuzz");
    for (int i = 0; i < 10; ++i) {
      const std::string damaged = i % 3 == 0
                                      ? MutateGraph(network.graph(), &random)
                                  : i % 3 == 1 ? MutateNumbers(text, &random)
                                               : MutateBytes(text, &random);
      if (seconds > 0) std::ofstream(path, std::ios::binary) << damaged;
      read += TryGraph(damaged, network.graph().ops());
      ++tried;
    }
  }
  std::printf("%lld of %lld damaged texts were read\n",
              static_cast<long long>(read), static_cast<long long>(tried));
}

}  // namespace
}  // namespace assay
