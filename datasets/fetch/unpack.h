// Files out of a .tar.gz.
#ifndef ASSAY_DATASETS_FETCH_UNPACK_H_
#define ASSAY_DATASETS_FETCH_UNPACK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace assay {

// Writes every plain file of the archive whose name starts with `take` below
// `folder`, under the rest of its name. Links, devices and everything else are
// passed over. 1 GiB a file, 8 GiB in all and 200000 entries at most. A call
// that is cut off may leave a file cut short: verify what was unpacked.
//
// NOT_FOUND: no archive, or nothing in it starts with `take`. DATA_LOSS, with
// the offset in the unpacked archive: not gzip, truncated, a header that is not
// tar's, a limit, or a name that would leave `folder`.
absl::Status UnpackTarGz(const std::string& archive, absl::string_view take,
                         const std::string& folder);

}  // namespace assay

#endif  // ASSAY_DATASETS_FETCH_UNPACK_H_
