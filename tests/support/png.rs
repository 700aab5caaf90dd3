//! Pictures as tests look at them.

/// A decoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub width: u32,
    pub height: u32,
    /// Row by row.
    pub pixels: Vec<[u8; 3]>,
}

impl Image {
    /// Decodes a PNG file.
    ///
    /// # Panics
    /// When it is none, or one of another kind than ours.
    #[track_caller]
    pub fn read(file: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG file");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut bytes).expect("a whole PNG file");
        assert_eq!(info.color_type, png::ColorType::Rgb);
        let pixels = bytes[..info.buffer_size()].chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Self { width: info.width, height: info.height, pixels }
    }
}
