"""What is good: offline metrics, the gate, online evaluation."""
