#include "harness/ops/pool/pool_cases.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

struct PoolCase {
  Shape src;
  Attributes attributes;
  Shape dst;
};

// Apart, with a remainder that no window reads; overlapping with pads;
// whole planes.
std::vector<PoolCase> Geometries() {
  return {
      {{2, 2, 5, 4},
       {{"kernel", Ints{2, 2}}, {"strides", Ints{2, 2}}},
       {2, 2, 2, 2}},
      {{1, 3, 5, 6},
       {{"kernel", Ints{3, 2}},
        {"strides", Ints{2, 1}},
        {"pads", Ints{1, 1, 1, 0}}},
       {1, 3, 3, 6}},
      {{2, 3, 4, 4}, {{"kernel", Ints{4, 4}}}, {2, 3, 1, 1}},
  };
}

}  // namespace

OpCases PoolCases() {
  OpCases cases;
  for (const PoolCase& c : Geometries()) {
    const CaseOperand src = Distinct(c.src), fixed = Constant(src);
    cases.accepted.push_back({"max_pool", {src}, c.attributes});
    cases.accepted.push_back(
        {"max_pool_backward", {F(c.dst), fixed}, c.attributes, 2, 6});
    cases.accepted.push_back(
        {"max_pool_select", {F(c.src), fixed}, c.attributes});
    for (const int64_t whole : {0, 1}) {
      Attributes attributes = c.attributes;
      attributes.Set("count_include_pad", whole);
      cases.accepted.push_back({"avg_pool", {F(c.src)}, attributes, 2, 16});
      attributes.Set("src_shape", Ints{c.src[2], c.src[3]});
      cases.accepted.push_back(
          {"avg_pool_backward", {F(c.dst)}, attributes, 2, 6});
    }
  }
  const TensorType src{DType::kF32, {1, 2, 4, 4}};
  for (const char* op : {"max_pool", "avg_pool"}) {
    cases.refused.push_back(
        {op, {src}, {}, "kernel: expected 2 values of at least 1"});
    cases.refused.push_back(
        {op,
         {src},
         {{"kernel", Ints{2, 2}}, {"pads", Ints{2, 0, 0, 0}}},
         "pads: expected less than kernel=[2,2]"});
    cases.refused.push_back(
        {op, {src}, {{"kernel", Ints{5, 1}}}, "fits into the padded source"});
    cases.refused.push_back({op,
                             {{DType::kF32, {2, 4, 4}}},
                             {{"kernel", Ints{2, 2}}},
                             "src: expected rank 4"});
  }
  cases.refused.push_back({"max_pool_backward",
                           {src, src},
                           {{"kernel", Ints{2, 2}}},
                           "diff_dst: expected f32[1,2,3,3]"});
  cases.refused.push_back({"max_pool_select",
                           {{DType::kF32, {1, 2, 4, 3}}, src},
                           {{"kernel", Ints{2, 2}}},
                           "values: expected f32[1,2,4,4]"});
  cases.refused.push_back({"avg_pool_backward",
                           {src},
                           {{"kernel", Ints{2, 2}}, {"src_shape", Ints{4, 4}}},
                           "diff_dst: expected shape [1,2,3,3]"});
  return cases;
}

}  // namespace assay
