//! Matrix codes: QR Code and Data Matrix.

use rxing::datamatrix::DataMatrixReader;
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::cpp_port::QrReader;
use rxing::{BarcodeFormat, Binarizer, BinaryBitmap, DecodeHints, Reader};

use crate::code::Code;

/// Finds every QR code, and at most one Data Matrix.
pub(crate) fn all<B: Binarizer>(image: &mut BinaryBitmap<B>) -> Vec<Code> {
    let size = (image.get_width(), image.get_height());
    // Micro QR and rMQR are left out: noise is misread as them, and they are not used on goods.
    let formats = [BarcodeFormat::QR_CODE].into();
    let hints =
        DecodeHints { TryHarder: Some(true), PossibleFormats: Some(formats), ..DecodeHints::default() };
    let mut found = QrReader.decode_multiple_with_hints(image, &hints).unwrap_or_default();
    // Both passes are needed: `TryHarder` finds some codes that the plain pass misses, and misses others.
    let data_matrix = DataMatrixReader.decode_with_hints(image, &DecodeHints::default());
    found.extend(data_matrix.or_else(|_| DataMatrixReader.decode_with_hints(image, &hints)));
    found.iter().filter_map(|result| Code::of(result, size)).collect()
}
