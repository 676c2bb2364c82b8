// The scales of a packed integer group. In memory: the numbers of the group's block, 16 rows each, f16 but for zero points,
// which are bytes; then for each group of the block its small integers, 16 bytes for the 16 rows each, followed by the values.
//
//   G32       d                 a block is one group
//   G32Min    d, m              the same; weight = d * value + m
//   K32       d | s             a block is 8 groups; weight = d * s * value, s int8
//   K32Min    d, dmin | s, m    weight = d * s * value - dmin * m, s and m unsigned
//   K16       d | s, s          two int8, for the halves of the group
//   K16Min    d, dmin | sm, sm  for each half s in the low and m in the high nibble
//   GroupZero d, z              a block is as many groups as share both; weight = d * (value - z), z from 0 to 255
//   GroupZeroWide               the same with d in f32, a block one group; exact where d has 15 bits, as bf16 has
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

constexpr size_t kHalvesBytes = kTileRows * sizeof(uint16_t);
constexpr int kSuperblockColumns = 256;

inline F32 LoadHalves(const uint8_t* p) { return LoadF16(reinterpret_cast<const uint16_t*>(p)); }
inline I32 LoadSigned(const uint8_t* p) { return LoadSignedBytes(reinterpret_cast<const int8_t*>(p)); }

// Both halves of a group, as MinimumPairs and the sums of a q8a row hold them.
constexpr int32_t PairOf(int low, int high) {
  return static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffffu) | static_cast<uint32_t>(high) << 16);
}
// Of two vectors of integers from 0 to 255.
inline I32 PairsOf(I32 low, I32 high) { return low + MultiplyInt(high, BroadcastInt(1 << 16)); }

// Where a group's parts are, in a block of kColumns columns that begins with kHalves f16 and kBytes bytes a row.
template <int kColumns, int kHalves, int kIntegers, int kBytes = 0>
class GroupPointers {
 public:
  static constexpr int kBlockColumns = kColumns;
  static constexpr size_t kHeaderBytes = kHalves * kHalvesBytes + kBytes * kTileRows;
  static constexpr size_t kIntegerBytes = kIntegers * kTileRows;

  GroupPointers(const uint8_t* block, int group, size_t value_bytes)
      : halves_(block), integers_(block + kHeaderBytes + static_cast<size_t>(group) * (kIntegerBytes + value_bytes)) {}

  // What most kinds lack.
  static constexpr bool kHasMinimum = false;
  static constexpr bool kHasOffset = false;

  const uint8_t* F16s(int i) const { return halves_ + static_cast<size_t>(i) * kHalvesBytes; }
  const uint8_t* HeaderBytes() const { return F16s(kHalves); }
  const uint8_t* Integers(int i) const { return integers_ + i * kTileRows; }
  const uint8_t* Values() const { return integers_ + kIntegerBytes; }

 private:
  const uint8_t* halves_;
  const uint8_t* integers_;
};

struct G32 : GroupPointers<kQuantGroup, 1, 0> {
  using GroupPointers::GroupPointers;
  static constexpr int kSubgroups = 1;
  F32 Scale() const { return LoadHalves(F16s(0)); }
};

struct G32Min : GroupPointers<kQuantGroup, 2, 0> {
  using GroupPointers::GroupPointers;
  static constexpr int kSubgroups = 1;
  static constexpr bool kHasMinimum = true;
  F32 Scale() const { return LoadHalves(F16s(0)); }
  F32 Minimum() const { return LoadHalves(F16s(1)); }
};

template <int kColumns>
struct GroupZero : GroupPointers<kColumns, 1, 0, 1> {
  using GroupPointers<kColumns, 1, 0, 1>::GroupPointers;
  static constexpr int kSubgroups = 1;
  static constexpr bool kHasOffset = true;
  F32 Scale() const { return LoadHalves(this->F16s(0)); }
  const uint8_t* ZeroPoints() const { return this->HeaderBytes(); }
};

struct GroupZeroWide : GroupPointers<kQuantGroup, 2, 0, 1> {
  using GroupPointers::GroupPointers;
  static constexpr int kSubgroups = 1;
  static constexpr bool kHasOffset = true;
  F32 Scale() const { return Load(reinterpret_cast<const float*>(F16s(0))); }
  const uint8_t* ZeroPoints() const { return HeaderBytes(); }
};

struct K32 : GroupPointers<kSuperblockColumns, 1, 1> {
  using GroupPointers::GroupPointers;
  static constexpr int kSubgroups = 1;
  F32 Scale() const { return LoadHalves(F16s(0)) * ToFloat(LoadSigned(Integers(0))); }
};

struct K32Min : GroupPointers<kSuperblockColumns, 2, 2> {
  using GroupPointers::GroupPointers;
  static constexpr int kSubgroups = 1;
  static constexpr bool kHasMinimum = true;
  F32 Scale() const { return LoadHalves(F16s(0)) * ToFloat(LoadUnsignedBytes(Integers(0))); }
  // Exact: 11 bits times 6.
  F32 Minimum() const { return (Zero() - LoadHalves(F16s(1))) * ToFloat(LoadUnsignedBytes(Integers(1))); }
};

struct K16 : GroupPointers<kSuperblockColumns, 1, 2> {
  using GroupPointers::GroupPointers;
  static constexpr int kSubgroups = 2;
  F32 Scale() const { return LoadHalves(F16s(0)); }
  I32 SubScale(int half) const { return LoadSigned(Integers(half)); }
};

struct K16Min : GroupPointers<kSuperblockColumns, 2, 2> {
  using GroupPointers::GroupPointers;
  static constexpr int kSubgroups = 2;
  static constexpr bool kHasMinimum = true;
  F32 Scale() const { return LoadHalves(F16s(0)); }
  I32 SubScale(int half) const { return LoadUnsignedBytes(Integers(half)) & BroadcastInt(15); }
  // The minima stay in the high nibbles, times 16.
  F32 MinimumScale() const { return LoadHalves(F16s(1)) * Broadcast(-1.0f / 16); }
  I32 MinimumPairs() const {
    return PairsOf(LoadUnsignedBytes(Integers(0)), LoadUnsignedBytes(Integers(1))) & BroadcastInt(PairOf(0xf0, 0xf0));
  }
};

}  // namespace TURNWISE_ISA
}  // namespace turnwise
