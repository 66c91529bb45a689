"""Detectors on people's own pictures, and detectors measured."""
