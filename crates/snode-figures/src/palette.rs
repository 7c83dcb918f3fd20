//! Colours and markers.

use plotters::style::RGBColor;

/// Okabe and Ito's colours, the yellow left out: it vanishes on white.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// The colour of line number `index`.
pub(crate) fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// The lengths of dashes and gaps of line number `index`, in pixels; `None` for a line without gaps.
pub(crate) fn dashes(index: usize) -> Option<(u32, u32)> {
    const DASHES: [Option<(u32, u32)>; 5] =
        [None, Some((9, 4)), Some((2, 3)), Some((16, 5)), Some((5, 5))];
    DASHES[index % DASHES.len()]
}

/// The corners of the marker of line number `index`, for a marker of radius 1; a circle if there
/// are none.
pub(crate) fn marker(index: usize) -> &'static [(f64, f64)] {
    const MARKERS: [&[(f64, f64)]; 5] = [
        &[],
        &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
        &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        &[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
    ];
    MARKERS[index % MARKERS.len()]
}
