import './app';
import './grid';
import './title';
