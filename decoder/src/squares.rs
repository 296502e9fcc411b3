//! Matrix codes: QR and Data Matrix.

use rxing::datamatrix::DataMatrixReader;
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::cpp_port::QrReader;
use rxing::{BarcodeFormat, Binarizer, BinaryBitmap, DecodeHints, Reader};

use crate::code::Code;

/// Every QR code, and a Data Matrix.
pub(crate) fn all<B: Binarizer>(image: &mut BinaryBitmap<B>) -> Vec<Code> {
    let size = (image.get_width(), image.get_height());
    // Small kinds of QR are left out: they are found in noise, and nobody labels goods with them.
    let formats = [BarcodeFormat::QR_CODE].into();
    let hints =
        DecodeHints { TryHarder: Some(true), PossibleFormats: Some(formats), ..DecodeHints::default() };
    let mut found = QrReader.decode_multiple_with_hints(image, &hints).unwrap_or_default();
    // Trying harder finds other Data Matrix codes, not more.
    let data_matrix = DataMatrixReader.decode_with_hints(image, &DecodeHints::default());
    found.extend(data_matrix.or_else(|_| DataMatrixReader.decode_with_hints(image, &hints)));
    found.iter().filter_map(|result| Code::of(result, size)).collect()
}
