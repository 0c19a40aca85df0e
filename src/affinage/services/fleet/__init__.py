"""The fleet in memory: compact devices, (path, value) bitmaps, one writer with group commit."""
