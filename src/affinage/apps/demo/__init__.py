"""The walk-through: firmware to a fleet in two stages, and a bad one taken back."""
