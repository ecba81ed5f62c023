"""The stage on which real DICOM peers play: processes, images, associations, sockets."""
