# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# Ghostscript draws pages to pixels, and to a PDF that it draws in turn.
needs=(gs)
optional="scripts/setup.sh --programs"
witnesses=(gs)

exercise() {
    gs -q -dSAFER -dBATCH -dNOPAUSE -r150 -sDEVICE=ppmraw -sOutputFile=page%d.ppm "$SAMPLES/drawing.ps"
    cksum page*.ppm
    gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pdfwrite -sOutputFile=pages.pdf "$SAMPLES/drawing.ps"
    gs -q -dSAFER -dBATCH -dNOPAUSE -r100 -dNumRenderingThreads=4 -dBandBufferSpace=500000 -sDEVICE=png16m \
        -sOutputFile=again%d.png pages.pdf
    cksum again*.png
}
