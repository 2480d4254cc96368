"""What a browser may show: answers, passages, lists, drawings, made safe."""
