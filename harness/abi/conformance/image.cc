#include "harness/abi/conformance/image.h"

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay::conformance {
namespace {

absl::Status Cut(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("ELF image: ", what, " reaches past the end of the file"));
}

// A copy of the T at `offset`; alignment does not matter.
template <typename T>
absl::StatusOr<T> ReadAt(absl::string_view bytes, uint64_t offset,
                         absl::string_view what) {
  if (offset > bytes.size() || sizeof(T) > bytes.size() - offset) {
    return Cut(what);
  }
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

absl::StatusOr<std::string> NameAt(absl::string_view bytes,
                                   const Elf64_Shdr& strings, uint32_t index) {
  if (index >= strings.sh_size || strings.sh_offset > bytes.size() ||
      strings.sh_size > bytes.size() - strings.sh_offset) {
    return Cut("a symbol's name");
  }
  const absl::string_view table =
      bytes.substr(strings.sh_offset, strings.sh_size).substr(index);
  return std::string(table.substr(0, table.find('\0')));
}

absl::Status ReadSymbols(absl::string_view bytes, const Elf64_Shdr& section,
                         const Elf64_Shdr& strings, ImageFacts* facts) {
  for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= section.sh_size;
       at += sizeof(Elf64_Sym)) {
    ASSAY_ASSIGN_OR_RETURN(
        const Elf64_Sym symbol,
        ReadAt<Elf64_Sym>(bytes, section.sh_offset + at, "a symbol"));
    const unsigned binding = ELF64_ST_BIND(symbol.st_info);
    const unsigned visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL ||
        visibility == STV_HIDDEN || visibility == STV_INTERNAL ||
        symbol.st_shndx == SHN_ABS) {
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(std::string name,
                           NameAt(bytes, strings, symbol.st_name));
    facts->exports.push_back(std::move(name));
  }
  return absl::OkStatus();
}

absl::Status ReadDynamic(absl::string_view bytes, const Elf64_Shdr& section,
                         ImageFacts* facts) {
  for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= section.sh_size;
       at += sizeof(Elf64_Dyn)) {
    ASSAY_ASSIGN_OR_RETURN(
        const Elf64_Dyn entry,
        ReadAt<Elf64_Dyn>(bytes, section.sh_offset + at, "a dynamic entry"));
    if (entry.d_tag == DT_TEXTREL ||
        (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_TEXTREL) != 0)) {
      facts->text_relocations = true;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImageFacts> ReadImage(absl::string_view bytes) {
  ASSAY_ASSIGN_OR_RETURN(const Elf64_Ehdr header,
                         ReadAt<Elf64_Ehdr>(bytes, 0, "the header"));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_DYN) {
    return absl::InvalidArgumentError(
        "ELF image: expected a 64-bit little-endian shared object");
  }
  std::vector<Elf64_Shdr> sections;
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    ASSAY_ASSIGN_OR_RETURN(
        const Elf64_Shdr section,
        ReadAt<Elf64_Shdr>(bytes, header.e_shoff + i * sizeof(Elf64_Shdr),
                           "a section header"));
    sections.push_back(section);
  }
  ImageFacts facts;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type == SHT_DYNSYM) {
      if (section.sh_link >= sections.size()) return Cut("the string table");
      ASSAY_RETURN_IF_ERROR(
          ReadSymbols(bytes, section, sections[section.sh_link], &facts));
    } else if (section.sh_type == SHT_DYNAMIC) {
      ASSAY_RETURN_IF_ERROR(ReadDynamic(bytes, section, &facts));
    }
  }
  std::sort(facts.exports.begin(), facts.exports.end());
  return facts;
}

}  // namespace assay::conformance
