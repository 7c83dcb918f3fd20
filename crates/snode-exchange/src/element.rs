//! The two number types as files hold them.

use snode_ode::Real;

/// A number that can be written for other programs: `f32` or `f64`.
pub trait Element: Real {
    /// Its type in safetensors files.
    const SAFETENSORS: safetensors::Dtype;
    /// Its type in NumPy files.
    const NUMPY: &'static str;
    /// Its number in ONNX files.
    const ONNX: i32;

    /// Appends it in little-endian order.
    fn push(self, bytes: &mut Vec<u8>);
}

impl Element for f32 {
    const SAFETENSORS: safetensors::Dtype = safetensors::Dtype::F32;
    const NUMPY: &'static str = "<f4";
    const ONNX: i32 = 1;

    fn push(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl Element for f64 {
    const SAFETENSORS: safetensors::Dtype = safetensors::Dtype::F64;
    const NUMPY: &'static str = "<f8";
    const ONNX: i32 = 11;

    fn push(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}
