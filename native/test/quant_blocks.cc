#include "quant_blocks.h"

#include <cmath>
#include <cstring>

#include "testing.h"

namespace turnwise {
namespace test {

BlockFill block_fill = BlockFill::kRandom;

int BlockInteger(int bound) {
  switch (block_fill) {
    case BlockFill::kLowest:
      return 0;
    case BlockFill::kHighest:
      return bound - 1;
    default:
      return RandomBelow(bound);
  }
}

uint16_t BlockScale() {
  if (block_fill != BlockFill::kRandom) return 0x7bff;  // 65504
  switch (RandomBelow(16)) {
    case 0:
      return 0;
    case 1:
      return FloatToHalf(-0.01f);
    case 2:
      return 0x0003;  // subnormal
    default:
      return FloatToHalf(0.001f + 0.01f * (RandomFloat() + 1.0f));
  }
}

namespace {

constexpr int kIq4Levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// A block of zeros at the end of the source, filled field by field.
class Block {
 public:
  Block(Source* source, size_t bytes) : source_(source), begin_(source->bytes.size()) {
    source->bytes.resize(begin_ + bytes);
  }

  // Sets `bits` bits from bit `low` of byte `byte` on.
  void Set(int byte, int low, int bits, int value) {
    source_->bytes[begin_ + static_cast<size_t>(byte)] |=
        static_cast<uint8_t>((value & ((1 << bits) - 1)) << low);
  }
  // A scale in f16 at `byte`; its value.
  double SetScale(int byte) {
    const uint16_t half = BlockScale();
    std::memcpy(source_->bytes.data() + begin_ + byte, &half, sizeof half);
    return HalfToFloat(half);
  }
  // The next weight: product + minimum.
  void Push(double product, double minimum = 0) {
    source_->weights.push_back(product + minimum);
    source_->magnitudes.push_back(std::fabs(product) + std::fabs(minimum));
  }

  // Column k of 32 as its nibble lies from `byte` on: GGML puts columns k and 16 + k into one byte.
  void SetNibble(int byte, int k, int value) { Set(byte + k % 16, k / 16 * 4, 4, value); }

 private:
  Source* source_;
  size_t begin_;
};

// Blocks of 32: f16 numbers, 4 bytes of fifth bits where there are five, nibbles.
void AppendBlock32(Source* source, int bits, bool has_minimum, int zero) {
  const int header = has_minimum ? 4 : 2;
  const int nibbles = header + (bits == 5 ? 4 : 0);
  Block block(source, static_cast<size_t>(nibbles + 16));
  const double scale = block.SetScale(0);
  const double minimum = has_minimum ? block.SetScale(2) : 0;
  for (int k = 0; k < 32; ++k) {
    const int value = BlockInteger(1 << bits);
    block.SetNibble(nibbles, k, value);
    if (bits == 5) block.Set(header + k / 8, k % 8, 1, value >> 4);
    block.Push(scale * (value - zero), minimum);
  }
}

// Q4_K and Q5_K: the i-th (0 scale, 1 minimum) of sub-block j, 6 bits.
void SetSixBits(Block* block, int i, int j, int value) {
  const int scales = 4;
  if (j < 4) {
    block->Set(scales + 4 * i + j, 0, 6, value);
  } else {
    block->Set(scales + 4 + j, 4 * i, 4, value);
    block->Set(scales + 4 * i + j - 4, 6, 2, value >> 4);
  }
}

void AppendAffineSuperblock(Source* source, int bits) {
  const int fifths = 16;
  const int nibbles = bits == 5 ? fifths + 32 : fifths;
  Block block(source, static_cast<size_t>(nibbles + 128));
  const double d = block.SetScale(0);
  const double dmin = block.SetScale(2);
  for (int j = 0; j < 8; ++j) {
    const int scale = BlockInteger(64);
    const int minimum = BlockInteger(64);
    SetSixBits(&block, 0, j, scale);
    SetSixBits(&block, 1, j, minimum);
    for (int k = 0; k < 32; ++k) {
      const int value = BlockInteger(1 << bits);
      block.Set(nibbles + j / 2 * 32 + k, j % 2 * 4, 4, value);
      if (bits == 5) block.Set(fifths + k, j, 1, value >> 4);
      block.Push(d * scale * value, -dmin * minimum);
    }
  }
}

// Two bits of column k of 256: bytes of 32 columns, each shared by four runs of 32.
void SetPair(Block* block, int byte, int k, int value) {
  block->Set(byte + k / 128 * 32 + k % 32, k / 32 % 4 * 2, 2, value);
}

}  // namespace

void AppendQ8_0(Source* source) {
  Block block(source, 34);
  const double scale = block.SetScale(0);
  for (int k = 0; k < 32; ++k) {
    const int value = BlockInteger(256) - 128;
    block.Set(2 + k, 0, 8, value);
    block.Push(scale * value);
  }
}

void AppendQ4_0(Source* source) { AppendBlock32(source, 4, false, 8); }
void AppendQ4_1(Source* source) { AppendBlock32(source, 4, true, 0); }
void AppendQ5_0(Source* source) { AppendBlock32(source, 5, false, 16); }
void AppendQ5_1(Source* source) { AppendBlock32(source, 5, true, 0); }

void AppendIq4Nl(Source* source) {
  Block block(source, 18);
  const double scale = block.SetScale(0);
  for (int k = 0; k < 32; ++k) {
    const int code = BlockInteger(16);
    block.SetNibble(2, k, code);
    block.Push(scale * kIq4Levels[code]);
  }
}

void AppendQ2K(Source* source) {
  Block block(source, 84);
  const double d = block.SetScale(80);
  const double dmin = block.SetScale(82);
  for (int j = 0; j < 16; ++j) {
    const int scale = BlockInteger(16);
    const int minimum = BlockInteger(16);
    block.Set(j, 0, 4, scale);
    block.Set(j, 4, 4, minimum);
    for (int k = 16 * j; k < 16 * j + 16; ++k) {
      const int value = BlockInteger(4);
      SetPair(&block, 16, k, value);
      block.Push(d * scale * value, -dmin * minimum);
    }
  }
}

void AppendQ3K(Source* source) {
  Block block(source, 110);
  const double d = block.SetScale(108);
  for (int j = 0; j < 16; ++j) {
    const int scale = BlockInteger(64);
    block.Set(96 + j % 8, j / 8 * 4, 4, scale);
    block.Set(104 + j % 4, j / 4 * 2, 2, scale >> 4);
    for (int k = 16 * j; k < 16 * j + 16; ++k) {
      const int value = BlockInteger(8);
      SetPair(&block, 32, k, value);
      block.Set(k % 32, k / 32, 1, value >> 2);
      block.Push(d * (scale - 32) * (value - 4));
    }
  }
}

void AppendQ4K(Source* source) { AppendAffineSuperblock(source, 4); }
void AppendQ5K(Source* source) { AppendAffineSuperblock(source, 5); }

void AppendQ6K(Source* source) {
  Block block(source, 210);
  const double d = block.SetScale(208);
  for (int j = 0; j < 16; ++j) {
    const int scale = BlockInteger(256) - 128;
    block.Set(192 + j, 0, 8, scale);
    for (int k = 16 * j; k < 16 * j + 16; ++k) {
      const int value = BlockInteger(64);
      block.Set(k / 128 * 64 + k % 64, k / 64 % 2 * 4, 4, value);
      SetPair(&block, 128, k, value >> 4);
      block.Push(d * scale * (value - 32));
    }
  }
}

void AppendIq4Xs(Source* source) {
  Block block(source, 136);
  const double d = block.SetScale(0);
  for (int j = 0; j < 8; ++j) {
    const int scale = BlockInteger(64);
    block.Set(2 + j / 4, j % 4 * 2, 2, scale >> 4);
    block.Set(4 + j / 2, j % 2 * 4, 4, scale);
    for (int k = 0; k < 32; ++k) {
      const int code = BlockInteger(16);
      block.SetNibble(8 + 16 * j, k, code);
      block.Push(d * (scale - 32) * kIq4Levels[code]);
    }
  }
}

}  // namespace test
}  // namespace turnwise
