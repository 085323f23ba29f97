// What the text form of graphs (text.h) shares with the forms that hold graphs.
#ifndef ASSAY_HARNESS_GRAPH_TEXT_PARTS_H_
#define ASSAY_HARNESS_GRAPH_TEXT_PARTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/text_scanner.h"

namespace assay {

// "two words", with C escapes.
std::string QuotedText(absl::string_view text);
// A name as it stands behind '%': bare where it can be, else quoted.
std::string NameText(absl::string_view name);
// A number, or a list of them in brackets; reads back to the bit.
std::string LiteralText(const Tensor& tensor);
std::string LiteralText(double number);

// The next word must be this one.
absl::Status ExpectWord(TextScanner* scanner, absl::string_view word);
// `sigil`, then a bare or quoted name.
absl::StatusOr<std::string> ParseName(TextScanner* scanner, char sigil);
absl::StatusOr<TensorType> ParseType(TextScanner* scanner);
absl::StatusOr<Tensor> ParseLiteral(TextScanner* scanner,
                                    const TensorType& type);
// A graph, to its '}'; text may follow. Stored constants are found under
// `prefix` and their name.
absl::StatusOr<Graph> ParseGraph(TextScanner* scanner, const OpSet& ops,
                                 const ParameterStore* stored,
                                 absl::string_view prefix);
// `status` with where it happened.
absl::Status AtPosition(const TextScanner& scanner, size_t position,
                        const absl::Status& status);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_TEXT_PARTS_H_
