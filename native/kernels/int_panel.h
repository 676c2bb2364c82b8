// Where products of integer weights take a group of 32 columns of a tile from: its packed form, or a panel, which
// holds some columns of a few tiles unpacked. With more tokens than a block has, the first block fills the panel as it
// goes and the others read it; docs/decisions/0007-integer-products-on-avx2.md says what that gains.
//
// A group, whichever it is, has the constants and functions of a format (int_formats.h), and for halves with scales of
// their own:
//   HalfScale(half)  SubScale as WeightDot wants it
//   OffsetPairs()    two int16 a row, -kZeroPoint * SubScale, for the columns 0 .. 15 and 16 .. 31
// A source gives the groups of neighbouring tiles: At(tile, group), and Ahead<kTiles>(tile, group) asks for memory to come.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

// How far ahead of the loads the packed weights are asked for: the hardware's own prefetcher begins anew
// at every 4 KiB page, and a tile is one run of memory that continues into the next tile. One tile alone is used up faster
// than one of several at once. docs/decisions/0025-memory-ahead-on-avx512.md has what was measured.
template <int kTiles>
constexpr size_t kPrefetchBytes = kTiles == 1 ? 8192 : 2048;

template <class Format>
struct PackedGroup : Format {
  using Format::Format;

  I32 HalfScale(int half) const { return DotScaleOf(this->SubScale(half)); }
  I32 OffsetPairs() const {
    constexpr int kZero = -Format::kZeroPoint;
    const I32 low = MultiplyInt(this->SubScale(0), BroadcastInt(kZero)) & BroadcastInt(0xffff);
    return low + MultiplyInt(this->SubScale(1), BroadcastInt(kZero * (1 << 16)));
  }
};

// Groups first .. end - 1 of a row.
struct GroupRange {
  size_t first;
  size_t end;
};

// One of the passes over some tiles, a block of tokens each.
struct TokenPass {
  size_t index;
  size_t count;
};

// Asks for the tiles that come after the ones at hand, a share in each pass over those: otherwise memory would rest in all
// passes but the first. Into L2, since an L1 has no room for tiles beside these. A single pass is kept busy by
// PackedTiles::Ahead, and asks for nothing here.
template <class Format, int kTiles>
class TilesToCome {
 public:
  TilesToCome(const uint8_t* tiles, size_t tile_bytes, GroupRange range, TokenPass pass)
      : at_(tiles + range.first * kGroupBytes + (range.end - range.first) * kGroupBytes / pass.count * pass.index),
        tile_bytes_(tile_bytes),
        passes_(pass.count),
        groups_left_(pass.count > 1 ? 1 : 0) {}

  // To be called for each group.
  void Ask() {
    if (--groups_left_ != 0) return;
    groups_left_ = passes_;
#pragma GCC unroll 4
    for (size_t i = 0; i < kTiles; ++i) {
#pragma GCC unroll 16
      for (size_t byte = 0; byte < kGroupBytes; byte += 64) PrefetchFar(at_ + i * tile_bytes_ + byte);
    }
    at_ += kGroupBytes;
  }

 private:
  static constexpr size_t kGroupBytes = Format::kBlockBytes / (Format::kBlockColumns / kQuantGroup);

  const uint8_t* at_;
  size_t tile_bytes_;
  size_t passes_;
  // Until the next is due; from 0 it never comes to be.
  size_t groups_left_;
};

template <class Format>
class PackedTiles {
 public:
  using Group = PackedGroup<Format>;

  PackedTiles(const uint8_t* tiles, size_t tile_bytes) : tiles_(tiles), tile_bytes_(tile_bytes) {}

  Group At(int tile, size_t group) const { return {BlockOf(tile, group), static_cast<int>(group % kGroups)}; }
  // A group's share of the lines of its block, for one of kTiles tiles at once.
  template <int kTiles>
  void Ahead(int tile, size_t group) const {
    constexpr size_t kLines = (Format::kBlockBytes / kGroups + 63) / 64;
    const uint8_t* ahead = BlockOf(tile, group) + kPrefetchBytes<kTiles> + group % kGroups * kLines * 64;
#pragma GCC unroll 16
    for (size_t line = 0; line < kLines; ++line) Prefetch(ahead + line * 64);
  }
  template <int kTiles>
  TilesToCome<Format, kTiles> After(GroupRange range, TokenPass pass) const {
    return {tiles_ + kTiles * tile_bytes_, tile_bytes_, range, pass};
  }

 private:
  static constexpr size_t kGroups = Format::kBlockColumns / kQuantGroup;

  const uint8_t* BlockOf(int tile, size_t group) const {
    return tiles_ + static_cast<size_t>(tile) * tile_bytes_ + group / kGroups * Format::kBlockBytes;
  }

  const uint8_t* tiles_;
  size_t tile_bytes_;
};

// An unpacked group, the same for all formats of these properties: 8 vectors of values in the order of their columns,
// then a vector of lanes for each number of a row. kSharedColumns: those whose groups share scales and offsets, 0 where the
// format has no offsets.
template <int kLargestValue, int kZero, int kHalves, bool kMinimum, int kSharedColumns>
class PanelGroup {
  static constexpr size_t kLaneBytes = kTileRows * sizeof(int32_t);
  static constexpr size_t kScaleAt = kQuantGroup * kTileRows;
  static constexpr size_t kMinimumAt = kScaleAt + kLaneBytes;
  // No format has minima and offsets.
  static constexpr size_t kOffsetAt = kMinimumAt;
  static constexpr size_t kHalfScalesAt =
      kMinimumAt + (kMinimum ? static_cast<size_t>(kHalves) * kLaneBytes : kSharedColumns > 0 ? kLaneBytes : 0);

 public:
  static constexpr int kVectors = 8;
  static constexpr int kOperands = 1;
  static constexpr int kLargest = kLargestValue;
  static constexpr int kZeroPoint = kZero;
  static constexpr int kSubgroups = kHalves;
  static constexpr bool kHasMinimum = kMinimum;
  static constexpr bool kHasOffset = kSharedColumns > 0;
  static constexpr int kBlockColumns = kSharedColumns;
  static constexpr size_t kBytes = kHalfScalesAt + (kHalves > 1 ? 3 * kLaneBytes : 0);

  explicit PanelGroup(uint8_t* bytes) : bytes_(bytes) {}

  static constexpr int Column(int vector, int) { return 4 * vector; }
  Bytes Operand(int vector, int) const { return VectorAt(bytes_, vector); }
  F32 Scale() const { return Load(Floats(kScaleAt)); }
  F32 Offset() const { return Load(Floats(kOffsetAt)); }
  F32 Minimum() const { return Load(Floats(kMinimumAt)); }
  F32 MinimumScale() const { return Load(Floats(kMinimumAt)); }
  I32 MinimumPairs() const { return LoadInt(Ints(kMinimumAt + kLaneBytes)); }
  I32 HalfScale(int half) const { return LoadInt(Ints(HalfScaleAt(half))); }
  I32 OffsetPairs() const { return LoadInt(Ints(HalfScaleAt(2))); }

  // They return what they write.
  Bytes PutOperand(int column, Bytes values) const {
    StoreBytes(bytes_ + static_cast<size_t>(column) * kTileRows, values);
    return values;
  }
  F32 PutScale(F32 scale) const { return Put(kScaleAt, scale); }
  F32 PutOffset(F32 offset) const { return Put(kOffsetAt, offset); }
  F32 PutMinimum(F32 minimum) const { return Put(kMinimumAt, minimum); }
  F32 PutMinimumScale(F32 scale) const { return Put(kMinimumAt, scale); }
  I32 PutMinimumPairs(I32 pairs) const { return Put(kMinimumAt + kLaneBytes, pairs); }
  I32 PutHalfScale(int half, I32 scale) const { return Put(HalfScaleAt(half), scale); }
  I32 PutOffsetPairs(I32 pairs) const { return Put(HalfScaleAt(2), pairs); }

 private:
  static constexpr size_t HalfScaleAt(int half) { return kHalfScalesAt + static_cast<size_t>(half) * kLaneBytes; }
  float* Floats(size_t at) const { return reinterpret_cast<float*>(bytes_ + at); }
  int32_t* Ints(size_t at) const { return reinterpret_cast<int32_t*>(bytes_ + at); }
  F32 Put(size_t at, F32 value) const {
    Store(Floats(at), value);
    return value;
  }
  I32 Put(size_t at, I32 value) const {
    StoreInt(Ints(at), value);
    return value;
  }

  uint8_t* bytes_;
};

template <class Format>
using PanelGroupOf = PanelGroup<Format::kLargest, Format::kZeroPoint, Format::kSubgroups, Format::kHasMinimum,
                                Format::kHasOffset ? Format::kBlockColumns : 0>;

// A packed group that leaves in a panel what is asked of it.
template <class Format>
class FillingGroup {
 public:
  static constexpr int kVectors = Format::kVectors;
  static constexpr int kOperands = Format::kOperands;
  static constexpr int kLargest = Format::kLargest;
  static constexpr int kZeroPoint = Format::kZeroPoint;
  static constexpr int kSubgroups = Format::kSubgroups;
  static constexpr bool kHasMinimum = Format::kHasMinimum;
  static constexpr bool kHasOffset = Format::kHasOffset;
  static constexpr int kBlockColumns = Format::kBlockColumns;

  FillingGroup(PackedGroup<Format> packed, PanelGroupOf<Format> panel) : packed_(packed), panel_(panel) {}

  static constexpr int Column(int vector, int operand) { return Format::Column(vector, operand); }
  Bytes Operand(int vector, int operand) const {
    return panel_.PutOperand(Column(vector, operand), packed_.Operand(vector, operand));
  }
  F32 Scale() const { return panel_.PutScale(packed_.Scale()); }
  F32 Offset() const { return panel_.PutOffset(packed_.Offset()); }
  F32 Minimum() const { return panel_.PutMinimum(packed_.Minimum()); }
  F32 MinimumScale() const { return panel_.PutMinimumScale(packed_.MinimumScale()); }
  I32 MinimumPairs() const { return panel_.PutMinimumPairs(packed_.MinimumPairs()); }
  I32 HalfScale(int half) const { return panel_.PutHalfScale(half, packed_.HalfScale(half)); }
  I32 OffsetPairs() const { return panel_.PutOffsetPairs(packed_.OffsetPairs()); }

 private:
  PackedGroup<Format> packed_;
  PanelGroupOf<Format> panel_;
};

// kTiles tiles' groups from `first` on, unpacked side by side.
template <class PanelGroupType, int kTiles>
class PanelTiles {
 public:
  using Group = PanelGroupType;

  PanelTiles(uint8_t* panel, size_t first) : panel_(panel), first_(first) {}
  Group At(int tile, size_t group) const {
    return Group(panel_ + ((group - first_) * kTiles + static_cast<size_t>(tile)) * Group::kBytes);
  }
  template <int>
  void Ahead(int, size_t) const {}

 private:
  uint8_t* panel_;
  size_t first_;
};

template <class Format, int kTiles>
class FillingTiles {
 public:
  using Group = FillingGroup<Format>;

  FillingTiles(PackedTiles<Format> packed, PanelTiles<PanelGroupOf<Format>, kTiles> panel)
      : packed_(packed), panel_(panel) {}
  Group At(int tile, size_t group) const { return {packed_.At(tile, group), panel_.At(tile, group)}; }
  template <int>
  void Ahead(int tile, size_t group) const { packed_.template Ahead<kTiles>(tile, group); }

 private:
  PackedTiles<Format> packed_;
  PanelTiles<PanelGroupOf<Format>, kTiles> panel_;
};

}  // namespace TURNWISE_ISA
}  // namespace turnwise
