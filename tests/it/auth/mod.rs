mod journey;
